import type { Colour, Picture, Point } from './png.ts';

/** Five by seven points a letter, a row a number, the leftmost point the highest bit. Only what the chart writes. */
const letters: Record<string, readonly number[]> = {
  '0': [14, 17, 19, 21, 25, 17, 14],
  '1': [4, 12, 4, 4, 4, 4, 14],
  '2': [14, 17, 1, 2, 4, 8, 31],
  '3': [31, 2, 4, 2, 1, 17, 14],
  '4': [2, 6, 10, 18, 31, 2, 2],
  '5': [31, 16, 30, 1, 1, 17, 14],
  '6': [6, 8, 16, 30, 17, 17, 14],
  '7': [31, 1, 2, 4, 8, 8, 8],
  '8': [14, 17, 17, 14, 17, 17, 14],
  '9': [14, 17, 17, 15, 1, 2, 12],
  '.': [0, 0, 0, 0, 0, 12, 12],
  ':': [0, 12, 12, 0, 12, 12, 0],
  '-': [0, 0, 0, 31, 0, 0, 0],
  M: [17, 27, 21, 21, 17, 17, 17],
  i: [4, 0, 12, 4, 4, 4, 14],
  B: [30, 17, 17, 30, 17, 17, 30],
  F: [31, 16, 16, 30, 16, 16, 16],
  r: [0, 0, 22, 25, 16, 16, 16],
  e: [0, 0, 14, 17, 31, 16, 14],
  m: [0, 0, 26, 21, 21, 17, 17],
  o: [0, 0, 14, 17, 17, 17, 14],
  y: [0, 0, 17, 17, 15, 1, 14],
  n: [0, 0, 22, 25, 17, 17, 17],
  d: [1, 1, 13, 19, 17, 17, 15],
  a: [0, 0, 14, 1, 15, 17, 15],
  t: [8, 8, 28, 8, 8, 9, 6],
};
const advance = 6;

/** Width in points of a text at a size. */
export const widthOf = (text: string, size: number): number => text.length * advance * size;

/** Writes a text with its top left corner at a point; letters it does not have are blank. */
export function write(
  picture: Picture,
  text: string,
  { at: [x, y], size, colour }: { at: Point; size: number; colour: Colour },
) {
  [...text].forEach((letter, place) => {
    letters[letter]?.forEach((row, down) => {
      for (let right = 0; right < 5; right++) {
        if ((row >> (4 - right)) & 1) {
          picture.fill([x + (place * advance + right) * size, y + down * size], [size, size], colour);
        }
      }
    });
  });
}
