"""Texts that strangers write into logs: what acts on a terminal, a build, a browser, a spreadsheet or a parser."""

import re

HOSTILE = [
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "\x1b[2J\x1b[H",
    "\x1bP+q\x1b\\", "\x9b31mred", "\x9d0;title\x9c", "\rforged", "a\nforged row", "a\r\nb", "a\tb", "nul\0nul",
    "bell\x07", "back\b\b\bspace", "\x7f", "\x85next", "\u2028line", "\u2029paragraph", "\u202egnp.exe", "\u2066a\u2069",
    "zero\u200bwidth", "\ufeffmark", "\u2060joiner", "soft\u00adhyphen", "\U000e0041tag", "\ufffe", "lone \ud83d surrogate",
    "lone \udc80 byte", "[/]", "[red]red[/red]", "[bold", ":smile:", "**bold** _it_ `code`", "# title", "- item", "1. item",
    "[link](https://evil.example)", "![image](https://evil.example/x.png)", "https://evil.example", "www.evil.example",
    "mail@evil.example", "<script>alert(1)</script>", "<!-- -->", "&amp;", "a|b", "a\\|b", "~~gone~~", "```", "---",
    "=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "\r=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "'=1", '"=1"', "a,b;c",
    "::error::forged", "  ::set-output name=x::y", "##[error]forged", "%s %n {0} {self} {{7*7}} ${HOME}",
    "x" * 5000, "語" * 300, "e" + "\u0301" * 200, "🧑\u200d🚀", "", " ", "--all", "null", "NaN",
]  # fmt: skip

OF_DOCUMENTS = [
    "]]>", "<![CDATA[", "</failure><failure>", "&#18;", "\x12", "a::error::b", "\n::error::x", "%0A::error::x", "a,b:c",
    "|", "'x'=1;2;3|y=4", "a=b", '"} 1\n# HELP x', 'a{b="c"}', "\\n", "{}", "../../x y?#", "C:\\x",
]  # fmt: skip

OF_READERS = [
    "\x1b]52;c;cm0gLXJm\x07", "\x1b[?1049h", "\x1b[?25l", "\x1b[5n\x1b[c\x1b[>c", "\x1b[3;5r", "\x1b(0qqq", "\x1bc", "\x1b_Gf=100\x1b\\",
    "\x1b^private\x1b\\", "\x1b[8m hidden", "\x9b2J", "\x90+q\x9c", "\x0e\x0f", "\x1b", "\x1b[", "\x1b]8;;file:///etc/passwd\x1b\\x",
    "<img src=x onerror=\"document.title='pwned'\">", "<svg/onload=document.title='pwned'>", "</script><script>document.title='pwned'</script>",
    "</style><script>document.title='pwned'</script>", "'\"><script>document.title='pwned'</script>", "<iframe src=//evil.example/f></iframe>",
    "<link rel=stylesheet href=//evil.example/s>", "<style>@import url(//evil.example/c)</style>", "<base href=//evil.example/>", "<!--<script>",
    '<a href="javascript:alert(1)">x</a>', "javascript:alert(1)", "<meta http-equiv=refresh content='0;url=//evil.example/m'>", "&lt;b&gt;", "{{constructor}}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}", "{0.__class__.__mro__}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "%(name)s",
    '=HYPERLINK("//evil.example","x")', '=IMPORTXML("//evil.example","//a")', " =1+1", "\n=1+1", ";=1+1", ",=1+1", "\uff1dSUM(A1)",
    "[x]: //evil.example", "<//evil.example>", "!\\[x](//evil.example)", "> quote", "| a | b |", "\n| a | b |\n", "| --- |", "*", "__x__", "$x^2$",
    "@channel", "#1", ":rotating_light:", "\\", "\\n", "'", '"', "`", "'; DROP TABLE calls; --", "../../../etc/passwd", "%s%s%s%n", "\ud800", "\U0001f1e8\U0001f1ed",
    "\u200f\u05d0 1", "a\u0300\u0301" * 30, "\ufdfd" * 20, "\u0e49" * 30, "True", "null", "-", "--", "...", "0x1B[31m", "\\x1b[31m", "\\033[31m", "^[[31m",
]  # fmt: skip

TEXTS = [*HOSTILE, *OF_DOCUMENTS]
ALL = list(dict.fromkeys([*TEXTS, *OF_READERS]))

UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
