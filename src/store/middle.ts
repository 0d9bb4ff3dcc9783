/** The median of numbers, without sorting them: only the side on which it lies is looked at further. Pure. */

/**
 * The middle one, or the mean of the two; changes the order.
 * @param values  one at least, none of them NaN
 * @param rounds  after so many, what is left is sorted
 */
export function middleOf(values: Float64Array, rounds = usualRounds(values.length)): number {
  const place = (values.length - 1) >> 1;
  const low = select(values, place, rounds);
  if (values.length % 2 === 1) return low;
  let high = Infinity;
  for (let at = place + 1; at < values.length; at++) high = Math.min(high, values[at] as number);
  return low === high ? low : low + (high - low) / 2;
}

/** Twice to four times as many as it takes, but for numbers that somebody chose to make it long. */
const usualRounds = (count: number): number => 4 * Math.ceil(Math.log2(count + 1));

/**
 * The number that sorting would bring to a place; it is there afterwards, none before it is larger, and none behind it smaller.
 * Hoare's quickselect, with Musser's bound: there are numbers for which it alone takes the square of their count.
 */
function select(values: Float64Array, place: number, rounds: number): number {
  let [left, right] = [0, values.length - 1];
  for (let round = 0; left < right; round++) {
    if (round === rounds) {
      values.subarray(left, right + 1).sort();
      break;
    }
    const pivot = middleOfThree(values[left] as number, values[(left + right) >> 1] as number, values[right] as number);
    let [low, high] = [left, right];
    while (low <= high) {
      while ((values[low] as number) < pivot) low++;
      while ((values[high] as number) > pivot) high--;
      if (low > high) break;
      const moved = values[low] as number;
      values[low++] = values[high] as number;
      values[high--] = moved;
    }
    if (place <= high) right = high;
    else if (place >= low) left = low;
    // Between them all are the pivot.
    else break;
  }
  return values[place] as number;
}

const middleOfThree = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
