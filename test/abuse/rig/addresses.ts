/**
 * The rig's map. The house is a private network (192.168.77.0/24) with the box and another machine; the outside are the
 * documentation ranges, which `network.public-ranges` makes Databox take for the internet. Both ways are routed, so that
 * a packet that gets past Databox arrives and is answered: nothing is refused for want of a road.
 */
export const addresses = {
  box: { lan: '192.168.77.2', net: '198.51.100.2', net6: '2001:db8:77::2' },
  lan: '192.168.77.10',
  /** `net` also answers to every address of its `anycast` blocks. */
  net: { gateway: '198.51.100.1', dns: '198.51.100.53', gateway6: '2001:db8:77::1' },
  anycast: ['198.51.100.128/25', '203.0.113.0/24'],
  publicRanges: ['198.51.100.0/24', '203.0.113.0/24'],
} as const;
