/**
 * The control protocol's methods, in terms of a peer. Parameters come from another program: they are checked here.
 *
 * @packageDocumentation
 */

import * as v from 'valibot'
import { OptionsError } from '../core/errors.ts'
import { safeText } from '../core/text.ts'
import type { ControlHandlers } from './control-server.ts'
import type { Peer } from './peer-api.ts'

const ProposeSchema = v.object({
  question: v.string(),
  options: v.array(v.string()),
  rule: v.optional(v.picklist(['plurality', 'approval'])),
  method: v.optional(v.picklist(['assembly'])),
  tie: v.optional(v.picklist(['first-listed', 'lot', 'undecided'])),
  deadlineMs: v.optional(v.number())
})

const VoteSchema = v.object({ decision: v.string(), choices: v.array(v.string()), seal: v.optional(v.boolean()) })

const WatchSchema = v.object({ types: v.optional(v.array(v.string())) })

/** What `peer` answers. */
export function handlersOf(peer: Peer): ControlHandlers {
  return {
    status: async () => peer.status(),
    decisions: () => peer.decisions(),
    async propose(params) {
      const handle = await peer.propose(withoutAbsent(checked(ProposeSchema, params)))
      return { decision: handle.id }
    },
    vote(params) {
      const { decision, choices, seal } = checked(VoteSchema, params)
      return peer.vote(decision, choices, seal === undefined ? {} : { seal })
    },
    announce: async () => ({ sequence: peer.announce() }),
    watch(params, onEvent) {
      const { types } = checked(WatchSchema, params)
      const wanted = types === undefined ? undefined : new Set(types)
      return peer.watch((event) => {
        if (wanted === undefined || wanted.has(event.type)) onEvent(event)
      })
    },
    async stop() {
      // Answered first: the socket closes with the peer.
      setImmediate(() => void peer.stop('asked to stop'))
      return {}
    }
  }
}

/** Optional parameters that were not given are left out rather than undefined. */
const withoutAbsent = <Params extends object>(
  params: Params
): { [Key in keyof Params]: Exclude<Params[Key], undefined> } =>
  Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined)) as never

function checked<Schema extends v.GenericSchema>(schema: Schema, params: unknown): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, params)
  if (parsed.success) return parsed.output
  throw new OptionsError(
    parsed.issues.map((issue) => ({
      path: v.getDotPath(issue) ?? 'params',
      got: safeText(issue.received, 80),
      expected: safeText(issue.expected ?? issue.message, 80)
    }))
  )
}
