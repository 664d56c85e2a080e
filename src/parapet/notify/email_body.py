"""The two bodies of a mail: plain words, and the same as HTML that any reader shows, light or dark."""

from __future__ import annotations

from html import escape

from parapet.notify.message import Message
from parapet.notify.wording import facts, headline, next_step, summary, tone_of

_FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"


def plain(message: Message) -> str:
    """Words only."""
    lines = [headline(message), "", message.text]
    if about := summary(message):
        lines.append(about)
    lines += ["", *(f"{label}: {words}" for label, words in facts(message))]
    lines += ["", f"Next safe step: {next_step(message)}", "", f"Evidence and actions: {message.url}", ""]
    return "\n".join(lines)


def html(message: Message) -> str:
    """The same, with every quote escaped; no picture, no script, nothing fetched."""
    tone = tone_of(message)
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left;vertical-align:top;padding:6px 16px 6px 0;font-weight:600;'
        f'white-space:nowrap">{escape(label)}</th>'
        f'<td style="padding:6px 0;white-space:pre-line">{escape(words)}</td></tr>'
        for label, words in facts(message)
    )
    harm = f'<p style="margin:0 0 16px">{escape(summary(message))}</p>' if summary(message) else ""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{escape(headline(message))}</title></head>
<body style="margin:0;padding:24px;{_FONT};font-size:15px;line-height:1.5">
<div style="max-width:640px;margin:0 auto">
<p style="margin:0 0 12px"><span style="display:inline-block;padding:2px 10px;border-radius:4px;\
background:{tone.colour};color:#ffffff;font-size:13px;font-weight:600">{escape(tone.word)}</span>
<span style="font-size:13px"> &nbsp;{escape(message.ref)} · {escape(message.service)}</span></p>
<h1 style="margin:0 0 8px;font-size:21px;line-height:1.25">{escape(message.title)}</h1>
<p style="margin:0 0 4px">{escape(message.text)}</p>
{harm}
<p style="margin:16px 0;padding:10px 14px;border-left:4px solid {tone.colour}"><strong>Next safe step.</strong>
{escape(next_step(message))}</p>
<table role="presentation" style="border-collapse:collapse;width:100%;font-size:14px;margin:0 0 20px">{rows}</table>
<p style="margin:0"><a href="{escape(message.url)}" style="display:inline-block;padding:9px 16px;border-radius:6px;\
background:#1b4965;color:#ffffff;text-decoration:none;font-weight:600">Open {escape(message.ref)}</a></p>
</div></body></html>
"""
