const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
  injectGlobals: true,
  setupFilesAfterEnv: ['<rootDir>/test/patience.ts'],
  globalSetup: '<rootDir>/test/scratch-setup.ts',
  globalTeardown: '<rootDir>/test/scratch-teardown.ts',
};
/** @param {string} displayName @param {string} folder */
const project = (displayName, folder) => ({
  ...common,
  displayName,
  testMatch: [`<rootDir>/test/${folder}/**/*.test.ts`],
});

/**
 * unit needs no root; kernel, e2e and abuse run as root with real packets and containers (scripts/test); package checks
 * the binaries that `npm run package` made, system their installer on a machine of its own
 * (scripts/test --package), and boot the arm64 one on an emulated machine (scripts/test --package --full).
 */
export default {
  // A test that hangs fails; one on a busy machine, or on a Pi, is only slow.
  testTimeout: 60_000,
  projects: ['unit', 'kernel', 'e2e', 'abuse', 'package', 'system', 'boot'].map((name) => project(name, name)),
};
