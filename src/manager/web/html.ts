import { visible } from '../../base/visible.ts';

/** Text that is safe to send as HTML; only `html` makes it. */
export type Html = { readonly html: string };

/** A template of our own markup; every value in it is inert text, unless it is `Html` (or a list of it) itself. */
export const html = (parts: TemplateStringsArray, ...values: readonly (string | number | Html | Html[])[]): Html => ({
  html: parts.reduce((text, part, at) => text + render(values[at - 1] ?? '') + part),
});

function render(value: string | number | Html | Html[]): string {
  if (Array.isArray(value)) return value.map(render).join('');
  return typeof value === 'object' ? value.html : escaped(String(value));
}

const escaped = (text: string): string => visible(text).replaceAll(/[&<>"'`]/g, (sign) => `&#${sign.charCodeAt(0)};`);
