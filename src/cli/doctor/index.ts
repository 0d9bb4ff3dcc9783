/** doctor — what `databox doctor` does, loaded when it is asked for. */
export { exitOf } from './check.ts';
export { diagnose } from './doctor.ts';
export { trial } from './kernel.ts';
export { reportOf } from './report.ts';
