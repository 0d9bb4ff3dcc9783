import {
  createArgs,
  createOptions,
  fileOfTar,
  isRoot,
  numericUid,
  uidIn,
  type ContainerSpec,
} from '../../../src/manager/container.ts';

const spec: ContainerSpec = {
  name: 'app-x',
  type: 'app',
  image: `sha256:${'a'.repeat(64)}`,
  box: 'b0x',
  place: {
    network: 'app-x-network',
    address: '10.196.1.2',
    gateway: '10.196.1.1',
    resolvConf: '/var/lib/databox/network/app-x.conf',
  },
  secrets: '/run/databox/secrets/app-x',
  volumes: [],
  uid: 1_900_000_000,
  env: { DATABOX_LOCAL_NAME: 'app-x', DATASOURCE_a: '{"href":"x, y"}' },
  limits: { memoryMb: 256, cpus: 0.5, pids: 128 },
};

test('B01 every flag of a container', () => {
  expect(createArgs(spec, 'f1').join(' ')).toBe(
    'create --name app-x --hostname app-x' +
      ' --label databox.type=app --label databox.component=app-x --label databox.box=b0x' +
      ' --network app-x-network --ip 10.196.1.2 --dns 10.196.1.1' +
      ' --mount type=bind,source=/var/lib/databox/network/app-x.conf,target=/etc/resolv.conf,readonly' +
      ' --mount type=bind,source=/run/databox/secrets/app-x,target=/run/secrets,readonly' +
      ' --cap-drop ALL --security-opt no-new-privileges --read-only' +
      ' --tmpfs /tmp:rw,nosuid,nodev,size=64m,mode=1777' +
      ' --tmpfs /run:rw,nosuid,nodev,size=16m,mode=0755,uid=1900000000,gid=1900000000' +
      ' --user 1900000000:1900000000 --pids-limit 128 --cpus 0.5 --memory 256m --memory-swap 256m' +
      ' --ulimit nofile=4096:4096 --restart no' +
      ' --log-driver json-file --log-opt max-size=1m --log-opt max-file=3' +
      ' --env DATABOX_LOCAL_NAME=app-x --env DATASOURCE_a={"href":"x, y"}' +
      ` --label databox.fingerprint=f1 sha256:${'a'.repeat(64)}`,
  );
});

test('an image with a user of its own keeps it', () => {
  const own = { ...spec };
  delete own.uid;
  expect(createOptions(own)).not.toContain('--user');
  expect(createOptions(own).join(' ')).toContain('--tmpfs /run:rw,nosuid,nodev,size=16m,mode=0755 ');
});

test('a volume of an image is memory, never room on the disk', () => {
  const options = createOptions({ ...spec, volumes: ['/tmp', '/data/', '//var/lib/x', '/data'] }).join(' ');
  expect(options).toContain(
    '--tmpfs /data:rw,nosuid,nodev,size=64m,mode=1777 --tmpfs /var/lib/x:rw,nosuid,nodev,size=64m,mode=1777 --user',
  );
});

test.each(['/a:exec,size=9g', '/a/../etc', '/', '/a b'])('an image with a volume %j is refused', (volume) => {
  expect(() => createOptions({ ...spec, volumes: [volume] })).toThrow(
    expect.objectContaining({ code: 'image.invalid' }) as Error,
  );
});

test('a directory whose name would add mount options is refused', () => {
  expect(() => createOptions({ ...spec, secrets: '/run/a,readonly=false' })).toThrow(
    expect.objectContaining({ code: 'config.invalid' }) as Error,
  );
});

test.each([
  ['', true],
  ['root', true],
  ['0', true],
  ['000', true],
  ['0:1000', true],
  ['root:wheel', true],
  [':1000', true],
  ['node', false],
  ['1000', false],
  ['1000:0', false],
  ['rooty', false],
])('the image’s user %j is root: %s', (user, root) => expect(isRoot(user)).toBe(root));

test('uids of users', () => {
  expect(numericUid('1000:1000')).toBe(1_000);
  expect(numericUid('node')).toBeUndefined();
  const passwd = 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\nodd:x:evil:0::/:/\n';
  expect(uidIn(passwd, 'node:staff')).toBe(1_000);
  expect(uidIn(passwd, 'odd')).toBeUndefined();
  expect(uidIn(passwd, 'nobody')).toBeUndefined();
});

/** Each of these runs as uid 0 in Docker 20.10. */
test.each([
  ['a line that begins with a blank', ' app:x:0:0::/:\napp:x:1000:1000::/:\n', 'app'],
  ['two lines', 'app:x:0:0::/:\napp:x:1000:1000::/:\n', 'app'],
  ['a line without a number', 'app:x\n', 'app'],
  ['a number with a blank', 'app:x:1000 :1000::/:\n', 'app'],
  ['nought', 'app:x:00:0::/:\n', 'app'],
  ['a sign, and a line for it', '+0:x:1000:1000::/:\n', '+0'],
  ['minus nought', 'app:x:1000:1000::/:\n', '-0'],
])('root in disguise is not taken for a user: %s', (_, passwd, user) => {
  expect(numericUid(user) ?? uidIn(passwd, user)).toBeUndefined();
});

test('a file is read from a tar stream; anything else is no file', () => {
  const header = (type: string, size: number) =>
    'etc/passwd'.padEnd(124, '\0') +
    size.toString(8).padStart(11, '0').padEnd(12, '\0') +
    '0'.repeat(20) +
    type.padEnd(356, '\0');
  expect(fileOfTar(header('0', 4) + 'abcd\n\0\0')).toBe('abcd');
  expect(fileOfTar(header('2', 0))).toBe('');
  expect(fileOfTar('')).toBe('');
});
