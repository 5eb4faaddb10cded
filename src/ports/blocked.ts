export { BLOCKED_PORTS } from '../lib/blocked-ports.ts';
