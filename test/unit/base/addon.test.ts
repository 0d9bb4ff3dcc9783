import { buildNative } from '../../../build/native.ts';
import { ownAddon } from '../../../src/base/addon.ts';

test('an addon that does not offer what is asked of it is refused, by a failure that says what to do', () => {
  buildNative('notify');
  expect(ownAddon<{ send(): void }>({ name: 'notify', functions: ['send'] })).toHaveProperty('send');
  const asked = { name: 'notify', functions: ['send', 'receive'] } as const;
  const refused = (code: string) =>
    expect.objectContaining({ code, message: expect.stringMatching(/npm run build$/) as string }) as Error;
  expect(() => ownAddon<Record<string, unknown>>(asked)).toThrow(refused('internal'));
  expect(() => ownAddon<Record<string, unknown>>({ ...asked, code: 'network.refused' })).toThrow(
    refused('network.refused'),
  );
});
