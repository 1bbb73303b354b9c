/** The demo's plain pages. Everything from outside is escaped here. */
import { createHash } from 'node:crypto';
import type { Answer } from '../http/call.js';
import type { Session } from './sessions.js';

/** How the application shows itself. */
export interface Brand {
  readonly name: string;
  /** `#rrggbb` */
  readonly colour: string;
}

/** HTML that is already escaped. Only {@link html} makes it. */
export interface Html {
  readonly html: string;
}

/** A whole page as an answer; `script` is the path of a script of ours. */
export type Page = (status: number, title: string, body: Html, script?: string) => Answer;

/** A template whose values are escaped, except those that are Html themselves. */
export function html(
  parts: TemplateStringsArray,
  ...values: readonly (string | Html | readonly Html[])[]
): Html {
  const escaped = values.map((value) => {
    if (typeof value === 'string') return escapeHtml(value);
    return 'html' in value ? value.html : value.map((part) => part.html).join('');
  });
  return { html: String.raw({ raw: parts }, ...escaped) };
}

export function createPage(brand: Brand): Page {
  const style = styleOf(brand);
  const styleHash = createHash('sha256').update(style).digest('base64');
  return (status, title, body, script) => {
    const { html: content } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title} – ${brand.name}</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<style>${{ html: style }}</style>${scriptTag(script)}</head>
<body><header>${brand.name}</header><main><h1>${title}</h1>
${body}
</main></body></html>
`;
    const headers = headersOf(styleHash, script !== undefined);
    return { status, body: content, contentType: 'text/html; charset=utf-8', headers };
  };
}

/** A form whose one button sends `fields`; only pages of this session can make it. */
export function actionForm(
  { formToken }: Session,
  { action, label, fields = {} }: { action: string; label: string; fields?: Fields },
): Html {
  const hidden = Object.entries({ ...fields, token: formToken }).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return html`<form method="post" action="${action}">${hidden}<button>${label}</button></form>`;
}

type Fields = Readonly<Record<string, string>>;

function scriptTag(script: string | undefined): Html {
  return script === undefined
    ? html``
    : html`
<script type="module" src="${script}"></script>`;
}

function styleOf({ colour }: Brand): string {
  return (
    'body{font:1rem/1.5 system-ui,sans-serif;margin:0}' +
    'main{max-width:40rem;margin:2rem auto;padding:0 1rem}' +
    `header,button{background:${colour};color:${inkOn(colour)}}header{padding:.75rem 1rem}` +
    'header{font-weight:700}button{font:inherit;border:0;border-radius:.3rem;padding:.4rem 1rem}' +
    'form{display:inline-block;margin:0 .5rem .5rem 0}input{font:inherit;padding:.3rem}' +
    'code,pre{background:#8882;border-radius:.3rem;padding:.1rem .3rem}pre{padding:.6rem}' +
    ':root{color-scheme:light dark}'
  );
}

/** Black or white, whichever can be read better on a colour (WCAG 2, relative luminance). */
function inkOn(colour: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const EQUAL_CONTRAST = 0.179;
  return luminance > EQUAL_CONTRAST ? '#000' : '#fff';
}

function headersOf(styleHash: string, scripted: boolean): Record<string, string> {
  const scripts = scripted ? "script-src 'self'; connect-src 'self'; " : '';
  return {
    'Cache-Control': 'no-store',
    'Content-Security-Policy':
      `default-src 'none'; style-src 'sha256-${styleHash}'; ${scripts}form-action 'self'; ` +
      "frame-ancestors 'none'; base-uri 'none'",
    // Activation links hold their key: no other site may learn it.
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
}

function escapeHtml(text: string): string {
  const ESCAPES: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? '');
}
