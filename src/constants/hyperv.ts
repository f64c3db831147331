// Partitions of Hyper-V that are written as text: hvsocket.h. For `vmId` of a HypervSocketAddress.

/** To bind: connections of every partition. */
export const HV_GUID_ZERO: string = "00000000-0000-0000-0000-000000000000";
/** To bind: connections of every partition, the same as HV_GUID_ZERO. */
export const HV_GUID_WILDCARD: string = "00000000-0000-0000-0000-000000000000";
/** Every partition. */
export const HV_GUID_BROADCAST: string = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF";
/** To bind: connections of the partition's children. */
export const HV_GUID_CHILDREN: string = "90DB8B89-0D35-4F79-8CE9-49EA0AC8B7CD";
/** This partition itself. */
export const HV_GUID_LOOPBACK: string = "E0E16197-DD56-4A10-9195-5EE7A155A838";
/** The parent partition: of a machine its host. */
export const HV_GUID_PARENT: string = "A42E7CDA-D03F-480C-9CC2-A4DE20ABB878";
