import { jest } from '@jest/globals';

// A Pi, or a machine that does much else besides, is several times slower; what hangs is seen all the same.
jest.setTimeout(30_000);
