// Windows: what the calls of POSIX are made with (ffi/winsock.ts), and that is not among the core of other systems.

// poll(2)
export const POLLRDNORM = 256;
export const POLLRDBAND = 512;
export const POLLWRNORM = 16;

// ioctl(2)
export const SIOCATMARK = 1074033415;
