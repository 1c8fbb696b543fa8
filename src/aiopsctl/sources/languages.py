"""The language of calls that do not say it, told by their prompts; asked for with `--with-text` alone.

Text is not read with the log. A second pass takes the prompts of calls without a language from their lines; what is
kept of a prompt is its language and its number of characters.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import polars as pl

from aiopsctl.errors import NotJudged
from aiopsctl.sources.opening import Opened
from aiopsctl.sources.source import LINE
from aiopsctl.sources.texts import Reread, texts

SURE = 0.5
"""A language is told that is more probable than all others together; else it stays unknown."""

LOOKED_AT = 2_000
"""So many characters of a prompt are looked at."""

_FILLED = {"language": pl.String(), "prompt_characters": pl.Int64()}
Tell = Callable[[str], str | None]


def with_languages(events: pl.DataFrame, opened: Sequence[Opened], reread: Reread) -> pl.DataFrame:
    """Return events in which calls have the language and the characters of their prompt, where the log does not say so.

    Raises `NotJudged` where there are prompts to tell it by, and the package that does is not installed.
    """
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in _FILLED.items() if name not in events.columns]
    whole = events.with_columns(missing)
    silent = (pl.col("event") == "call") & pl.any_horizontal(pl.col(name).is_null() for name in _FILLED)
    wanted = whole.filter(silent & pl.col(LINE).is_unique()).select(LINE) if LINE in events.columns else pl.DataFrame()
    found = list(_told(texts(("prompt",), wanted, opened, reread))) if wanted.height else []
    if not found:
        return events
    told = pl.concat(found).unique(LINE, keep="first", maintain_order=True)
    joined = whole.join(told, on=LINE, how="left", maintain_order="left", suffix="_told")
    return joined.with_columns(pl.coalesce(name, f"{name}_told") for name in _FILLED).select(whole.columns)


def _told(prompts: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield the language and the characters of prompts, by line."""
    tell: Tell | None = None
    for rows in prompts:
        if rows.height:
            tell = tell or _teller()
            languages = [tell(text[:LOOKED_AT]) for text in rows["prompt"]]
            yield rows.select(
                LINE,
                pl.Series("language", languages, pl.String),
                pl.col("prompt").str.len_chars().cast(pl.Int64).alias("prompt_characters"),
            )


def _teller() -> Tell:
    """Return what tells the language of a text as an ISO 639 code, None where it is not sure."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        raise NotJudged(
            "the language of prompts cannot be detected: py3langid is not installed",
            help="pip install 'aiopsctl[languages]', or --map language=COLUMN",
        ) from None
    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def tell(text: str) -> str | None:
        language, probability = model.classify(text)
        return str(language) if probability > SURE else None

    return tell
