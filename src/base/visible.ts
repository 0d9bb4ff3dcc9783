/** C0 and C1 controls, line and paragraph separators, and the marks that reorder what a reader sees. */
// eslint-disable-next-line no-control-regex
const unseen = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Foreign text as it may stand in a terminal, a page or a log line: what would move a cursor, end a line or reorder
 * letters is spelled out as `\u001b`.
 */
export const visible = (text: string): string =>
  text.replaceAll(unseen, (letter) => `\\u${(letter.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
