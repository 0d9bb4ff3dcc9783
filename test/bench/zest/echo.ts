/** A ROUTER with CURVE that gives each message back, in the library's simplest way: the limit of any door here. Says `{port}`. */
import { curveKeyPair, Router } from 'zeromq';

const { publicKey, secretKey } = curveKeyPair();
const router = new Router({ curveServer: true, curveSecretKey: secretKey, linger: 0 });
await router.bind('tcp://127.0.0.1:*');
console.log(JSON.stringify({ port: Number(/:(\d+)$/.exec(router.lastEndpoint ?? '')?.[1]), publicKey }));
for await (const parts of router) await router.send(parts);
