export const owner = 'driver-bench';
export const store = 'driver-bench-core-store';
export const series = 'temperature';
