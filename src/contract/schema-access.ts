/** The fields `access` (who may use a service) and `tls` (what a service elsewhere has to prove). */
import { z } from 'zod';

import { fields, flag, name, oneOf, origin, say, text } from './words.ts';

const pages = oneOf('the name of a service, or an origin', 'write web, or https://app.example.com', [
  name,
  origin,
]);

const browser = oneOf(
  'any, or {origins, formPosts}',
  'write browser: any, or browser: { origins: ["https://x.example"] }',
  [
    z.literal('any'),
    fields({
      origins: z
        .array(pages, say('this must be a list of origins', 'write origins: ["https://app.example.com"]'))
        .optional()
        .describe(
          'Origins of the pages, such as https://app.example.com; services of this contract always may.',
        ),
      formPosts: z
        .array(
          oneOf('an origin, or "null"', 'write https://login.example.com', [z.literal('null'), origin]),
          say('this must be a list of origins', 'write formPosts: ["https://login.example.com"]'),
        )
        .optional()
        .describe(
          'Origins whose pages may send the browser here with a form, and do nothing else: how a login elsewhere comes back (SAML, response_mode=form_post of OpenID Connect). "null": pages that do not say where they are from.',
        ),
    }),
  ],
).describe(
  "Whose pages may use this service through the front, besides those of the same stack; any: every site's. Default: no others.",
);

export const access = oneOf('"*", or {from, browser}', 'write access: { from: [web] }', [
  z.literal('*'),
  fields({
    from: z
      .array(name, say('this must be a list of services', 'write from: [web]'))
      .optional()
      .describe(
        'The services that may consume this one, and no other; an empty list is nobody. Default: all.',
      ),
    browser: browser.optional(),
  }),
]).describe('Who may use this service. "*": every service, and the pages of every site.');

export const tls = fields({
  ca: text
    .optional()
    .describe(
      "A PEM file, relative to the folder of the contract, with the authorities whose certificates are believed. Default: Node's own list.",
    ),
  verify: flag
    .optional()
    .describe('false: any certificate will do, so that whoever answers there is believed. Default: true.'),
  serverName: text
    .regex(/^[A-Za-z0-9_*.-]+$/, say('this is no host name', 'write serverName: billing.example.com'))
    .optional()
    .describe('The name that is asked for (SNI), and that the certificate must be for. Default: the host.'),
}).describe('Of an external https service: how its certificate is checked.');
