import type { Sample } from './feeds.ts';
import { widthOf, write } from './font.ts';
import { Picture, type Colour, type Point } from './png.ts';

const [white, ink, grid, line]: [Colour, Colour, Colour, Colour] = [
  [255, 255, 255],
  [60, 60, 60],
  [225, 225, 225],
  [31, 119, 180],
];
const [width, height] = [800, 400];
const frame = { left: 110, right: 780, top: 50, bottom: 350 };
const mebi = 1024 * 1024;

/** Free memory over time as a PNG, 800 by 400 points. Times are UTC. */
export function memoryChart(samples: readonly Sample[]): Buffer {
  const picture = new Picture(width, height, white);
  write(picture, 'Free memory MiB', { at: [frame.left, 16], size: 2, colour: ink });
  const values = samples.map(({ value }) => value / mebi);
  const [low, high] = scaleOf(values);
  const yOf = (value: number): number => frame.bottom - ((value - low) / (high - low)) * (frame.bottom - frame.top);
  for (let step = 0; step <= 4; step++) {
    const value = low + ((high - low) * step) / 4;
    picture.fill([frame.left, yOf(value)], [frame.right - frame.left, 1], grid);
    const label = value.toFixed(high - low < 8 ? 1 : 0);
    write(picture, label, { at: [frame.left - 10 - widthOf(label, 2), yOf(value) - 7], size: 2, colour: ink });
  }
  drawTimes(picture, samples);
  const from = samples[0]?.timestamp ?? 0;
  const span = Math.max((samples.at(-1)?.timestamp ?? 0) - from, 1);
  const points = samples.map(({ timestamp }, at): Point => {
    return [frame.left + ((timestamp - from) / span) * (frame.right - frame.left), yOf(values[at] ?? low)];
  });
  points.forEach((point, at) => picture.line(points[at - 1] ?? point, point, line));
  if (points.length === 0) write(picture, 'no data yet', { at: [360, 190], size: 2, colour: ink });
  return picture.encode();
}

/** Bottom and top of the scale: round numbers around the values, never equal. */
function scaleOf(values: readonly number[]): [low: number, high: number] {
  if (values.length === 0) return [0, 4];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const step = 10 ** Math.floor(Math.log10(Math.max(most - least, 1)));
  const low = Math.max(Math.floor((least - step / 2) / step) * step, 0);
  return [low, Math.max(Math.ceil((most + step / 2) / step) * step, low + step)];
}

function drawTimes(picture: Picture, samples: readonly Sample[]): void {
  const clock = (timestamp: number): string => new Date(timestamp).toISOString().slice(11, 19);
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last) return;
  const at = (x: number): { at: Point; size: number; colour: Colour } => ({
    at: [x, frame.bottom + 14],
    size: 2,
    colour: ink,
  });
  write(picture, clock(first.timestamp), at(frame.left));
  write(picture, clock(last.timestamp), at(frame.right - widthOf('00:00:00', 2)));
}
