/** A process of its own that can be killed: a box with an outbox on a given file. Prints its port and tokens as JSON. */
import { box, type BoxOptions } from './world.ts';

const { options, tokens } = JSON.parse(process.argv[2] ?? '{}') as {
  options: BoxOptions;
  tokens: [uri: string, component: string][];
};
const running = await box(options);
console.log(JSON.stringify({ port: running.port, tokens: tokens.map(([uri, name]) => running.token(uri, name)) }));
