/**
 * A hundred names for peers: birds, beasts and plants, because a peer is a process and nobody's portrait.
 *
 * @packageDocumentation
 */

/** One for each member a community may have. */
export const PEER_NAMES: readonly string[] = `
heron wren otter finch alder lynx plover fern marten willow
swift badger hazel teal rowan ibis clover vole linden osprey
sedge robin aspen hare thyme curlew elm stoat dunlin maple
tern birch newt juniper lark beech egret moss siskin cedar
dipper yarrow shrew larch avocet sorrel pipit oak mole lichen
grebe poplar snipe heather linnet toad bilberry knot spruce kite
arnica merlin yew petrel bracken raven mallow nightjar cherry swan
lupin crake holly gannet chicory jay rush whimbrel sage crane
mint puffin acorn dove mullein quail reed starling vetch martin
thistle fulmar violet bittern barley gull quince magpie tansy eider
`
  .trim()
  .split(/\s+/)

/** The name of peer `number` (from 1). */
export const peerName = (number: number): string => PEER_NAMES[number - 1] ?? `peer-${number}`
