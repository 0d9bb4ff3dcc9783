/** What a page of docs has its reader write and run, in the order of the page. */
import { readFileSync } from 'node:fs';

export type Step =
  | { do: 'write'; file: string; text: string }
  /** `aside`: in a terminal of its own, where it goes on. */
  | { do: 'run'; script: string; aside: boolean };

/** Steps by the heading that they are under. */
export function tutorial(page = 'tutorial.md'): Map<string, Step[]> {
  const text = readFileSync(new URL(`../docs/${page}`, import.meta.url), 'utf8');
  const sections = text.split(/^## /m).slice(1);
  return new Map(sections.map((section) => [section.split('\n', 1)[0] ?? '', stepsOf(section)]));
}

const block = /(?:^`([\w./-]+)`:\n\n)?^```(\S+)( terminal)?\n([\s\S]*?)^```$/gm;

function stepsOf(section: string): Step[] {
  return [...section.matchAll(block)].flatMap(([, file, language = '', aside, text = '']): Step[] => {
    if (file !== undefined) return [{ do: 'write', file, text }];
    return language === 'sh' ? [{ do: 'run', script: text, aside: aside !== undefined }] : [];
  });
}
