import type { PasswordOptions } from './password.ts';

/**
 * Shows the first password to who sits at the console. Where standard output is not a terminal it ends in a journal,
 * and the password must not: there only the file is named.
 */
export const sayOnConsole =
  (console: { isTTY: boolean; write(text: string): unknown }): PasswordOptions['announce'] =>
  ({ password, file }) => {
    const where = `The owner’s first password is in ${file}`;
    console.write(console.isTTY ? `\n  Password: ${password}\n  (${where})\n\n` : `${where}\n`);
  };
