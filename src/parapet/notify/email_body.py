"""The two bodies of a mail: plain words, and the same as HTML that any reader shows, light or dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from parapet.notify.message import Message
from parapet.notify.wording import facts, first_facts, headline, summary, tone_of

_FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"


def plain(message: Message) -> str:
    """Words only."""
    lines = [headline(message), "", message.text]
    if about := summary(message):
        lines.append(about)
    lines += ["", *_lines(first_facts(message)), "", f"Evidence and actions: {message.url}"]
    lines += ["", *_lines(facts(message)), ""]
    return "\n".join(lines)


def html(message: Message) -> str:
    """The same, with every quote escaped; no picture, no script, nothing fetched."""
    tone = tone_of(message)
    harm = f'<p style="margin:0 0 16px">{escape(summary(message))}</p>' if summary(message) else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{escape(headline(message))}</title></head>
<body style="margin:0;padding:24px;{_FONT};font-size:15px;line-height:1.5;\
overflow-wrap:anywhere">
<div style="max-width:640px;margin:0 auto">
<p style="margin:0 0 12px"><span style="display:inline-block;padding:2px 10px;border-radius:4px;\
background:{tone.colour};color:#ffffff;font-size:13px;font-weight:600">{escape(tone.word)}</span>
<span style="font-size:13px"> &nbsp;{escape(message.ref)} · {escape(message.service)}</span></p>
<h1 style="margin:0 0 8px;font-size:21px;line-height:1.25">{escape(message.title)}</h1>
<p style="margin:0 0 4px">{escape(message.text)}</p>
{harm}
<div style="margin:16px 0;padding:8px 0 1px 14px;border-left:4px solid {tone.colour}">
{_facts(first_facts(message))}</div>
<p style="margin:0 0 20px"><a href="{escape(message.url)}" style="display:inline-block;padding:9px 16px;\
border-radius:6px;background:#1b4965;color:#ffffff;text-decoration:none;font-weight:600">\
Open {escape(message.ref)}</a></p>
{_facts(facts(message))}
</div></body></html>
"""


def _lines(said: Sequence[tuple[str, str]]) -> list[str]:
    """A line each; what has lines of its own stands below its label."""
    return [f"{label}:\n{words}" if "\n" in words else f"{label}: {words}" for label, words in said]


def _facts(said: Sequence[tuple[str, str]]) -> str:
    """A paragraph each, which every width bears; what has lines of its own is a list."""
    return "".join(
        f'<p style="margin:0 0 8px"><strong>{escape(label)}</strong>&ensp;{escape(words)}</p>'
        if "\n" not in words
        else f'<p style="margin:0 0 4px"><strong>{escape(label)}</strong></p>{_list(words.splitlines())}'
        for label, words in said
    )


def _list(lines: Sequence[str]) -> str:
    items = "".join(f'<li style="margin:0 0 6px">{escape(line)}</li>' for line in lines)
    return f'<ul style="margin:0 0 12px;padding-left:20px">{items}</ul>'
