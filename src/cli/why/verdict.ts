/** Whether an explanation says that something is wrong: then `portramp why` ends with exit code 1. Pure. */
import { MEANINGS, type Status } from '../../protocol/status.ts';
import type { Explanation, NeedExplanation, PortExplanation, ServiceExplanation } from './explanation.ts';

export function isWrong(explanation: Explanation): boolean {
  switch (explanation.kind) {
    case 'service':
      return isServiceWrong(explanation);
    case 'port':
      return isPortWrong(explanation);
    case 'host':
      return (
        explanation.stack === undefined ||
        explanation.unrouted !== undefined ||
        explanation.frontProblem !== undefined ||
        !explanation.running ||
        (explanation.service !== undefined && isServiceWrong(explanation.service))
      );
  }
}

const isServiceWrong = (service: ServiceExplanation): boolean =>
  service.silent === true || !isFine(service.state) || isShort(service) || service.needs.some(isNeedWrong);

/** A service that runs although something that it needs has gone bad works by luck. A need on its way is no reason. */
const isNeedWrong = ({ state, needs }: NeedExplanation): boolean =>
  (Object.hasOwn(MEANINGS, state) && MEANINGS[state as Status].isWrong) || needs.some(isNeedWrong);

/** A service is ready with one replica; that it has fewer than it was asked to have is wrong all the same. */
const isShort = ({ state, instances = [] }: ServiceExplanation): boolean =>
  state === 'ready' && instances.some(({ role, status }) => role === 'serving' && status !== 'ready');

/** A word that is no status is "not running". */
const isFine = (state: string): boolean =>
  Object.hasOwn(MEANINGS, state) && !MEANINGS[state as Status].isWrong;

/** A stranger on a number that was leased to a stack that runs. Who listens for a container is the engine. */
const isPortWrong = ({ lease, front, holders }: PortExplanation): boolean =>
  lease?.running === true &&
  front !== true &&
  !/^\d+\/(?:tcp|udp|sctp)/.test(lease.port) &&
  holders.length > 0 &&
  !holders.some(({ own }) => own);
