/* The states of a qualification's row, the commit record, as services/qualification has them. */
#define NONE 0
#define STARTED 1
#define PREPARING 2
#define PARKED 3          /* has released everything but the lead; goes on when the holder is decided */
#define COMMITTED 4
#define ABORTED 5
