/** report — outcomes as lines for a person. */
import { visible } from '../../base/visible.ts';
import { coloured } from '../text.ts';
import type { Outcome } from './check.ts';

const titles: Record<string, string> = {
  databox: 'Databox',
  docker: 'Docker',
  kernel: 'Kernel',
  limits: 'Limits of containers',
  ports: 'Ports',
  addresses: 'Names and addresses',
  disk: 'Disk',
  clock: 'Clock',
  machine: 'Machine',
};
const colours = { ok: 'green', warning: 'yellow', problem: 'red' } as const;
const widest = 'problem'.length;

export function reportOf(outcomes: readonly Outcome[]): string {
  const groups = Map.groupBy(outcomes, ({ check }) => check.split('.')[0] ?? '');
  const width = Math.max(...outcomes.map(({ check }) => nameOf(check).length));
  const sections = [...groups].map(([group, members]) => {
    const lines = members.map((outcome) => lineOf(outcome, width));
    return `${coloured('bold', titles[group] ?? group)}\n${lines.join('')}`;
  });
  return `${sections.join('\n')}\n${summary(outcomes)}\n`;
}

const nameOf = (check: string): string => check.split('.').slice(1).join('.');

function lineOf({ check, result, found, advice }: Outcome, width: number): string {
  const indent = ' '.repeat(2 + widest + 2 + width + 2);
  const line = `  ${coloured(colours[result], result.padEnd(widest))}  ${nameOf(check).padEnd(width)}  ${visible(found)}\n`;
  return advice === null ? line : `${line}${indent}${visible(advice)}\n`;
}

function summary(outcomes: readonly Outcome[]): string {
  const count = (result: Outcome['result']) => outcomes.filter((outcome) => outcome.result === result).length;
  const counted = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`;
  const [problems, warnings] = [count('problem'), count('warning')];
  const root = outcomes.filter(({ code, result }) => code === 'user.refused' && result === 'warning').length;
  const text = `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}, ${count('ok')} ok${root > 0 ? `; ${counted(root, 'check')} for root only: sudo databox doctor` : ''}`;
  return coloured(problems > 0 ? 'red' : warnings > 0 ? 'yellow' : 'green', text);
}
