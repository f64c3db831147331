// Devices of Bluetooth that are written as text: bluetooth.h.

/** Any device: to bind to all adapters of this host. */
export const BDADDR_ANY: string = "00:00:00:00:00:00";
/** This host. */
export const BDADDR_LOCAL: string = "00:00:00:FF:FF:FF";
