/** The demo's plain pages: HTML without scripts. Everything from outside is escaped here. */
import { createHash } from 'node:crypto';
import type { Answer } from '../http/call.js';

const STYLE =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}' +
  'code,pre{background:#8882;border-radius:.3rem;padding:.1rem .3rem}pre{padding:.6rem}' +
  ':root{color-scheme:light dark}button{font:inherit;padding:.4rem 1rem}';

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; ` +
    "frame-ancestors 'none'; base-uri 'none'",
  // Activation links hold their key: no other site may learn it.
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** HTML that is already escaped. Only {@link html} makes it. */
export interface Html {
  readonly html: string;
}

/** A template whose values are escaped, except those that are Html themselves. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html)[]): Html {
  const escaped = values.map((value) =>
    typeof value === 'string' ? escapeHtml(value) : value.html,
  );
  return { html: String.raw({ raw: parts }, ...escaped) };
}

/** A whole page as an answer. */
export function page(status: number, title: string, body: Html): Answer {
  const { html: text } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<style>${{ html: STYLE }}</style></head>
<body><h1>${title}</h1>
${body}
</body></html>
`;
  return { status, body: text, contentType: 'text/html; charset=utf-8', headers: HEADERS };
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
