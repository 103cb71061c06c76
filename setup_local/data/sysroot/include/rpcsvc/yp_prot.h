/* Constants of the NIS protocol, version 2. */
#ifndef _RPCSVC_YP_PROT_H
#define _RPCSVC_YP_PROT_H 1

#define YPPROG 100004
#define YPVERS 2
#define YPMAXRECORD 1024
#define YPMAXDOMAIN 64
#define YPMAXMAP 64
#define YPMAXPEER 256

#define YPPROC_MAPLIST 11

#define YP_TRUE 1
#define YP_NOMORE 2
#define YP_FALSE 0

#endif
