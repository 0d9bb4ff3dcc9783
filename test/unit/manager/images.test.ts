import { archOf, dockerArch, imageReferences, type ImageDefaults } from '../../../src/manager/images.ts';
import { manifestOf } from './fixtures.ts';

const defaults: ImageDefaults = {
  registryHost: 'docker.io',
  registry: 'databoxsystems',
  release: '0.5.2',
  arch: 'arm64v8',
};
const named = (more: Record<string, unknown>, other: Partial<ImageDefaults> = {}) =>
  imageReferences(manifestOf({ name: 'driver-os-monitor', 'databox-type': 'driver', ...more }), {
    ...defaults,
    ...other,
  });

test.each([
  ['only a name', {}, ['databoxsystems/driver-os-monitor-arm64v8:0.5.2', 'databoxsystems/driver-os-monitor:0.5.2']],
  [
    'a name of the image',
    { 'docker-image': 'monitor' },
    ['databoxsystems/monitor-arm64v8:0.5.2', 'databoxsystems/monitor:0.5.2'],
  ],
  [
    'a registry',
    { 'docker-registry': 'exampledev' },
    ['exampledev/driver-os-monitor-arm64v8:0.5.2', 'exampledev/driver-os-monitor:0.5.2'],
  ],
  [
    'a tag',
    { 'docker-image-tag': '1.2.0' },
    ['databoxsystems/driver-os-monitor-arm64v8:1.2.0', 'databoxsystems/driver-os-monitor:1.2.0'],
  ],
  ['a complete reference', { 'docker-image': 'exampledev/monitor:1.0.3' }, ['exampledev/monitor:1.0.3']],
  ['a registry with a port, which counts as complete', { 'docker-image': 'registry:5000/x' }, ['registry:5000/x']],
  [
    'a registry of its own host',
    { 'docker-registry': 'registry.iotdatabox.com' },
    ['registry.iotdatabox.com/driver-os-monitor-arm64v8:0.5.2', 'registry.iotdatabox.com/driver-os-monitor:0.5.2'],
  ],
  ['a digest', { 'docker-image': `x/y@sha256:${'a'.repeat(64)}` }, [`x/y@sha256:${'a'.repeat(64)}`]],
])('a manifest with %s', (_, more, references) => expect(named(more)).toEqual(references));

test('another host of images is written, unless the image names one itself', () => {
  const other = { registryHost: 'images.example' };
  expect(named({}, other)[0]).toBe('images.example/databoxsystems/driver-os-monitor-arm64v8:0.5.2');
  expect(named({ 'docker-image': 'a.example/x:1' }, other)).toEqual(['a.example/x:1']);
  expect(named({ 'docker-image': 'localhost/x:1' }, other)).toEqual(['localhost/x:1']);
});

test.each([
  ['an option', { 'docker-image': '--privileged/x:1' }],
  ['a space', { 'docker-registry': 'a b' }],
  ['a tag in a name without a registry', { 'docker-image': 'monitor:1.0' }],
  ['a newline', { 'docker-image-tag': '1\n' }],
])('M03 %s makes no reference', (_, more) => {
  const manifest = { ...manifestOf(), ...more };
  expect(() => imageReferences(manifest, defaults)).toThrow(
    expect.objectContaining({ code: 'image.invalid' }) as Error,
  );
});

test('two processors have images', () => {
  expect([archOf('x64'), archOf('arm64')]).toEqual(['amd64', 'arm64v8']);
  expect([dockerArch('amd64'), dockerArch('arm64v8')]).toEqual(['amd64', 'arm64']);
  expect(() => archOf('ia32')).toThrow('ia32');
});
