import { isAffected, newComponent } from '../../../src/manager/components.ts';
import { agree, datasource, item, manifestOf } from './fixtures.ts';

const store = 'driver-x-core-store';
const temperature = item(store, '/ts/temperature');
const sla = agree(manifestOf({ datasources: [datasource('temperature')] }), {
  choices: { temperature: temperature.href },
});
const component = () => newComponent(sla, 'preparing');

test('what is registered while a component is being prepared is not missed', () => {
  expect(isAffected(component(), store, temperature)).toBe(true);
});

test('what is in force already changes nothing, unless it became something else', () => {
  const running = { ...component(), missing: [] };
  expect(isAffected(running, store, temperature)).toBe(false);
  const camera = item(store, '/ts/temperature', { hasType: 'camera' });
  expect(isAffected(running, store, camera)).toBe(true);
});

test('what nobody agreed, what does not fit and what is of another store changes nothing', () => {
  expect(isAffected(component(), store, item(store, '/ts/humidity'))).toBe(false);
  expect(isAffected(component(), store, item(store, '/ts/temperature', { hasType: 'camera' }))).toBe(false);
  expect(isAffected(component(), 'driver-evil-core-store', temperature)).toBe(false);
});
