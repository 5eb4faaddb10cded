import { DEFAULT_ENVIRONMENT, type Contract } from '../../contract/contract.ts';
import type { Finding } from '../../contract/finding.ts';
import { accessOf } from '../../plan/access.ts';
import type { Rule } from './rule.ts';

export const PR019: Rule = {
  id: 'PR019',
  severity: 'error',
  title: '`access: "*"` (or `browser: any`) outside dev',
  reasoning:
    'On the machine of one developer, a service may be open to every page while somebody tries something ' +
    'out. In the other environments (tests, demos, previews) nobody looks: whatever page is open there could ' +
    'read and change what the service holds. Name the origins that need it: ' +
    'access: { browser: { origins: ["https://app.example.com"] } }.',
  find: ({ contract }) => (contract.environment === DEFAULT_ENVIRONMENT ? [] : findOpenServices(contract)),
};

const findOpenServices = (contract: Contract): Finding[] =>
  [...contract.services.values()].flatMap((service) => {
    if (accessOf(service)?.browser !== 'any') return [];
    const access = ['services', service.name, 'access'];
    const isStar = contract.written(access) === '*';
    const message = `${service.name} is open to the pages of every site in ${contract.environment}`;
    const hint = 'name those that need it: access: { browser: { origins: ["https://app.example.com"] } }';
    return [{ at: isStar ? access : [...access, 'browser'], message, hint }];
  });
