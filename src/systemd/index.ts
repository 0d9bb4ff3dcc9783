/** systemd — tells the service manager how the box does; without one, nothing is said. */
export { announce, takeEnvironment, type Announced, type ServiceEnvironment } from './announce.ts';
