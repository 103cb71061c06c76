/* Sockets of Bluetooth's synchronous links. */
#ifndef __SCO_H
#define __SCO_H 1

#include <bluetooth/bluetooth.h>

struct sockaddr_sco {
    sa_family_t sco_family;
    bdaddr_t sco_bdaddr;
};

#endif
