/** The pages of the front: whole in themselves, without scripts, for light and dark. Pure. */
import { plainText } from '../lib/plain-text.ts';
import { statusOf } from '../proxy/replies.ts';
import type { Notice } from './notices.ts';

/** Enough to see what a service said last. */
const MAX_LOG_LINES = 40;
/** Bytes of all lines together, escaped: keeps a page below 20 KB. */
const MAX_LOG = 10_000;
const MAX_LINE = 240;
const MAX_TEXT = 1_000;

const STYLE = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--paper:#f6f7f9;--card:#fff;--line:#dfe3e8;--mark:#2f6fde}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#98a3b3;--paper:#12161c;--card:#1a2028;--line:#2c3541;--mark:#7aa7f7}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:2rem 1rem;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{width:100%;max-width:44rem;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:2rem}
h1{margin:0 0 .5rem;font-size:1.4rem;line-height:1.3;overflow-wrap:anywhere}
p{margin:.5rem 0;overflow-wrap:anywhere}
pre{margin:1rem 0 0;padding:1rem;background:var(--paper);border:1px solid var(--line);border-radius:8px;font:13px/1.5 ui-monospace,monospace;overflow:auto;max-height:24rem}
a{color:var(--mark)}
.hint{font:14px/1.5 ui-monospace,monospace;border-left:3px solid var(--mark);padding-left:.75rem}
.wait{height:3px;border-radius:2px;margin-top:1.25rem;background:linear-gradient(90deg,transparent,var(--mark),transparent);background-size:40% 100%;background-repeat:no-repeat;animation:run 1.4s linear infinite}
@keyframes run{from{background-position:-60% 0}to{background-position:160% 0}}
@media(prefers-reduced-motion:reduce){.wait{animation:none}}
footer{margin-top:1.5rem;color:var(--soft);font-size:.85rem}`
  .trim()
  .replaceAll('\n', '');

/** @param refresh whether the page may ask again by itself, where the notice says that it is worth it */
export function renderPage(notice: Notice, refresh: boolean): string {
  const { code, title, message, hint, log = [], retryAfter, link } = notice;
  const again = refresh && retryAfter !== undefined;
  const parts = [
    `<h1>${escapeHtml(title)}</h1>`,
    `<p>${escapeHtml(message)}</p>`,
    link === undefined ? '' : `<p>Did you mean <a href="${escapeHtml(link)}">${escapeHtml(link)}</a>?</p>`,
    hint === undefined ? '' : `<p class="hint">${escapeHtml(hint)}</p>`,
    log.length === 0 ? '' : `<pre>${renderLog(log)}</pre>`,
    again ? '<div class="wait"></div>' : '',
    `<footer>portramp · ${statusOf(code)}${again ? ' · this page looks again by itself' : ''}</footer>`,
  ];
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    again ? `<meta http-equiv="refresh" content="${retryAfter}">` : '',
    `<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>`,
    `<body><main>${parts.join('')}</main></body></html>\n`,
  ].join('');
}

/** The last lines, as many as there is room for. */
function renderLog(log: readonly string[]): string {
  const lines: string[] = [];
  let size = 0;
  for (const line of log.slice(-MAX_LOG_LINES).toReversed()) {
    const text = escapeHtml(plainText(line), MAX_LINE);
    size += Buffer.byteLength(text) + 1;
    if (size > MAX_LOG) break;
    lines.unshift(text);
  }
  return lines.join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string, limit = MAX_TEXT): string {
  const short = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return short.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
