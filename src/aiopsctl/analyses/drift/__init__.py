"""Did it get worse, when, and what changed with it: two windows of a log beside each other, and its weeks."""
