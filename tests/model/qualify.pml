/* Two colliding qualifications: the commit protocol as a whole.
 *
 * q0 is the older, q1 the younger. By default they are of two leads and both want the same account identity and the same
 * contact identity (that is what makes them collide). Participants (kinds):
 *   0 account (one identity)   1 contact (one identity)   2 opportunity (none)   3 lead (the lock)
 *
 * MESSAGES are a set: a sent message may be delivered any number of times, in any order, at any later time, until a
 * broker wipe empties the set. "Never delivered" covers every partial loss, for safety; the wipes matter for liveness.
 * An outbox that publishes late, a process that dies between commit and publish, XAUTOCLAIM: all are such a delay.
 * Every action changes the state, so the graph has no cycles and "ends" = the terminal states (the `timeout` monitor).
 * PROCESSES keep nothing volatile but a replica's copy of a row (-DSNAP: two replicas, read, later act by CAS, or crash)
 * and a reader's half-done read (-DREADER). Each atomic{} = one database transaction (+ its outbox).
 *
 * Without any F_ flag this is the protocol; each F_ flag takes one rule away (a naive reading of the text).
 *   -DA=n attempts at most   -DNK=2|3 children   -DW=n wipes   -DREFUSE=k child k may refuse q0   -DREFUSE1=k .. q1
 *   -DEDIT lead 0 (-DEDIT1 lead 1 too) may be edited once   -DDISQ, -DDISQ1 disqualified once
 *   -DEX account and contact exist already   -DDELETE that account may be deleted   -DSHARED attaches that fill nothing share
 *   -DSAMELEAD both qualifications are of lead 0   -DRELLEAD wait-die also releases the lead (a literal reading)
 *   -DPRESUME somebody asks for an id that has no row yet   -DPRUNE rows are deleted
 */
#include "states.pml"
#include "qualify/state.pml"
#include "qualify/orchestrator.pml"
#include "qualify/participants.pml"
#include "qualify/lead.pml"
#include "qualify/environment.pml"
#include "qualify/properties.pml"
