import type { Diagnostic } from '../contract/diagnostic.ts';
import type { Change } from '../plan/plan.ts';
import type { Lease, PortHolder, PublishedService } from '../protocol/messages.ts';
import type { LogLine } from './logs/line.ts';

/** Everything that happens in a running stack; terminals and files are renderers of it. */
export type RunnerEvent =
  /** The stack has its names and numbers; nothing runs yet. */
  | {
      readonly type: 'prepared';
      readonly slug: string;
      readonly root: string;
      readonly services: readonly PublishedService[];
    }
  | { readonly type: 'service'; readonly service: PublishedService }
  | { readonly type: 'line'; readonly line: LogLine }
  /** Something that a person should know, about one service or all. */
  | { readonly type: 'notice'; readonly text: string; readonly service?: string }
  /** A lease moved because a stranger holds its old number; consumers start again with the new one. */
  | {
      readonly type: 'reassigned';
      readonly service: string;
      readonly port: string;
      readonly from: number;
      readonly lease: Lease;
      readonly holder: PortHolder | undefined;
    }
  /** A service listens on another port than its own, or on that again, and is followed there. */
  | {
      readonly type: 'followed';
      readonly service: string;
      readonly port: string;
      readonly from: number;
      readonly to: number;
      /** The line for the contract of a service that is expected to do so: "add … to services.api". */
      readonly line?: string;
    }
  /** An edit of the contract took effect. */
  | { readonly type: 'applied'; readonly changes: readonly Change[] }
  /** An edit of the contract was refused; everything runs on as it was. */
  | { readonly type: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  /** Nothing changes by itself any more: every wanted service is ready, done or failed. */
  | { readonly type: 'settled'; readonly services: readonly PublishedService[] };
