/* A revert takes back the references that the conversion filled.
 *
 * The contact P was there before, without an account. The conversion q0 has opened the account A, attached to P and filled
 * its empty reference with A; it is COMMITTED, and perhaps not yet final. Then, in any order:
 *   r   takes q0 back: A goes, by an exclusive intent; P's reference is taken back, by an exclusive intent too, if it still
 *       names A;
 *   q1  qualifies the same person of the same company (again, or another lead): attaches to A, or opens an account A1 where
 *       there is none; attaches to P and fills its reference if that is empty, or is refused if it names another;
 *   u   a user gives P's reference another value (the account B, or none), once.
 * The messages, attempts and wait-die of r and q1 are those of revert.pml, with two participants, account and contact.
 *   -DROLD r is the older of the two   -DW=n losses of the broker   -DONLYAGAIN do not look at what the contact names, only at
 *   whether the lead can be qualified again
 */
#include "states.pml"
#ifndef W
#define W 0
#endif
#define A 2
#define ACC 1             /* bits of the two participants */
#define CON 2
#define BOTH 3
byte rr, ratt, rgot;  byte qq, qatt, qgot;             /* the rows of r and q1 */
byte mRP[A], mRPD[A], mRBUSY[A], mRREF[A], mRREL[A];   /* masks of participants, by attempt */
byte mQP[A], mQPD[A], mQBUSY[A], mQREL[A];
#define RDEC (rr >= COMMITTED)
#define QDEC (qq >= COMMITTED)
#define RYES(a) (rr == COMMITTED && ratt == (a))
#define RNO(a)  (rr == ABORTED || ratt > (a))
#define QYES(a) (qq == COMMITTED && qatt == (a))
#define QNO(a)  (qq == ABORTED || qatt > (a))
#ifdef ROLD
#define RDIES false
#else
#define RDIES true
#endif

/* ---- names of accounts, as a reference has them ---- */
#define NOBODY 0
#define NAMEA 1           /* opened by q0 */
#define NAMEB 2           /* of others; what the user may choose */
#define NAMEA1(a) (3+(a)) /* opened by q1 */
byte qname[A], qfound[A]; /* what q1's attempts were answered: the account, and the one that P belongs to */

/* ---- the account service ---- */
byte acc = 1;             /* A: 1 q0's intent, 2 final, 3 final with r's intent, 4 gone */
byte acca, accdead;       /* the attempt of r's intent; attempts of r below this are void here */
bit touched;              /* q1 has attached to A: it is not as q0 left it */
#define OPENI 1
#define ATTI 2
#define VOID 3
#define FOPEN 4
#define FATT 5
byte qa[A];               /* q1 here, by attempt */
#define QA_HELD (qa[0] == OPENI || qa[0] == ATTI || qa[1] == OPENI || qa[1] == ATTI)
#define QA_ATT  (qa[0] == ATTI || qa[1] == ATTI)

/* ---- the contact service ---- */
byte ref;                 /* P's reference, as it is stored */
bit filled;               /* q0's fill is final */
#define NOTHING 0
#define LOCK 1            /* r's intent: the reference is taken back */
byte con, cona, condead;
#define FILLI 1           /* q1's intents: one that fills the reference, one that fills nothing */
byte qc[A];
#define QC_HELD (qc[0] == FILLI || qc[0] == ATTI || qc[1] == FILLI || qc[1] == ATTI)
bit moved;                /* the user has changed it */
byte choice, wipes;

active proctype Orchestrator() {
end: do
  :: atomic { rr == NONE -> rr = PREPARING; mRP[0] = BOTH }
  :: atomic { rr == PREPARING && mRP[ratt] != BOTH -> mRP[ratt] = BOTH }
  :: atomic { rr == PREPARING && (mRPD[ratt] & ~rgot) -> rgot = rgot | mRPD[ratt];
       if :: rgot == BOTH -> rr = COMMITTED :: else fi }
  :: atomic { rr == PREPARING && (mRREF[ratt] & ~rgot) -> rr = ABORTED; mRREL[ratt] = BOTH }
  :: atomic { rr == PREPARING && (mRBUSY[ratt] & ~rgot) && RDIES && !QDEC -> assert(ratt == 0); mRREL[ratt] = BOTH; ratt++; rgot = 0; rr = PARKED }
  :: atomic { rr == PARKED && QDEC -> rr = PREPARING; mRP[ratt] = BOTH }
  :: atomic { qq == NONE -> qq = PREPARING; mQP[0] = BOTH }
  :: atomic { qq == PREPARING && mQP[qatt] != BOTH -> mQP[qatt] = BOTH }
  :: atomic { qq == PREPARING && (mQPD[qatt] & ~qgot) -> qgot = qgot | mQPD[qatt];
       if
       :: qgot == BOTH ->             /* the replies must fit together (rule 14) */
            if
            :: qfound[qatt] == NOBODY || qfound[qatt] == qname[qatt] -> qq = COMMITTED
            :: else -> assert(moved); /* q1 finds no account that is gone, and none that it does not find itself */
                 qq = ABORTED; mQREL[qatt] = BOTH
            fi
       :: else
       fi }
  :: atomic { qq == PREPARING && (mQBUSY[qatt] & ~qgot) && !RDIES && !RDEC -> assert(qatt == 0); mQREL[qatt] = BOTH; qatt++; qgot = 0; qq = PARKED }
  :: atomic { qq == PARKED && RDEC -> qq = PREPARING; mQP[qatt] = BOTH }
  od
}

/* ================= the account service ================= */
#define R_ACC(a) \
 :: atomic { (mRP[a] & ACC) && accdead <= (a) && acc == 3 && (acca < (a) || !(mRPD[a] & ACC)) -> acca = a; accdead = a; mRPD[a] = mRPD[a] | ACC } \
 :: atomic { (mRP[a] & ACC) && accdead <= (a) && acc == 2 && QA_ATT && !(mRBUSY[a] & ACC) -> accdead = a; mRBUSY[a] = mRBUSY[a] | ACC } \
 :: atomic { (mRP[a] & ACC) && accdead <= (a) && acc == 2 && !QA_ATT && touched && !(mRREF[a] & ACC) -> accdead = a; mRREF[a] = mRREF[a] | ACC } \
 :: atomic { (mRP[a] & ACC) && accdead <= (a) && acc == 2 && !QA_ATT && !touched -> accdead = a; acc = 3; acca = a; mRPD[a] = mRPD[a] | ACC } \
 :: atomic { (mRREL[a] & ACC) && accdead <= (a) -> accdead = (a)+1; if :: acc == 3 && acca <= (a) -> acc = 2; acca = 0 :: else fi }
#define QA_BLOCKED (acc == 1 || acc == 3)
#define Q_ACC(a) \
 :: atomic { (mQP[a] & ACC) && (qa[a] == OPENI || qa[a] == ATTI || qa[a] >= FOPEN) && !(mQPD[a] & ACC) -> mQPD[a] = mQPD[a] | ACC } \
 :: atomic { (mQP[a] & ACC) && qa[a] == 0 && ((a) == 1 || qa[1] == 0) && acc == 3 && !(mQBUSY[a] & ACC) -> mQBUSY[a] = mQBUSY[a] | ACC } \
 :: atomic { (mQP[a] & ACC) && qa[a] == 0 && ((a) == 1 || qa[1] == 0) && !QA_BLOCKED -> \
      if :: (a) == 1 && qa[0] < VOID -> qa[0] = VOID :: else fi; \
      if :: acc == 2 -> qa[a] = ATTI; qname[a] = NAMEA :: else -> qa[a] = OPENI; qname[a] = NAMEA1(a) fi; \
      mQPD[a] = mQPD[a] | ACC } \
 :: atomic { (((mQREL[a] & ACC) && qa[a] < VOID) || ((qa[a] == OPENI || qa[a] == ATTI) && QNO(a))) -> \
      qa[a] = VOID; if :: (a) == 1 && qa[0] < VOID -> qa[0] = VOID :: else fi } \
 :: atomic { (qa[a] == OPENI || qa[a] == ATTI) && QYES(a) -> if :: qa[a] == ATTI -> touched = 1 :: else fi; qa[a] = qa[a]+3 }
active proctype Account() {
end: do
  :: atomic { acc == 1 -> acc = 2 }
  R_ACC(0) R_ACC(1)
  :: atomic { acc == 3 && RYES(acca) -> acc = 4; acca = 0 }
  :: atomic { acc == 3 && RNO(acca) -> acc = 2; accdead = acca+1; acca = 0 }
  Q_ACC(0) Q_ACC(1)
  od
}

/* ================= the contact service ================= */
/* whether r has something to take back here, and whether it holds that until it is decided */
#ifdef F_KEEPREF          /* only what was opened is taken back */
#define TAKES false
#else
#ifdef F_TAKEALL          /* whatever the reference names by now */
#define TAKES true
#else
#define TAKES (ref == NAMEA)
#endif
#endif
#ifdef F_REFNOINTENT      /* looked at, and not held */
#define HOLDS false
#else
#define HOLDS TAKES
#endif
#define R_CON(a) \
 :: atomic { (mRP[a] & CON) && condead <= (a) && filled && con == LOCK && (cona < (a) || !(mRPD[a] & CON)) -> cona = a; condead = a; mRPD[a] = mRPD[a] | CON } \
 :: atomic { (mRP[a] & CON) && condead <= (a) && filled && con == NOTHING && TAKES && QC_HELD && !(mRBUSY[a] & CON) -> condead = a; mRBUSY[a] = mRBUSY[a] | CON } \
 :: atomic { (mRP[a] & CON) && condead <= (a) && filled && con == NOTHING && !(TAKES && QC_HELD) && !RDEC && (HOLDS || !(mRPD[a] & CON)) -> \
      condead = a; mRPD[a] = mRPD[a] | CON; if :: HOLDS -> con = LOCK; cona = a :: else fi } \
 :: atomic { (mRREL[a] & CON) && condead <= (a) -> condead = (a)+1; if :: con == LOCK && cona <= (a) -> con = NOTHING; cona = 0 :: else fi }
#define Q_CON(a) \
 :: atomic { (mQP[a] & CON) && qc[a] != 0 && qc[a] != VOID && !(mQPD[a] & CON) -> mQPD[a] = mQPD[a] | CON } \
 :: atomic { (mQP[a] & CON) && qc[a] == 0 && ((a) == 1 || qc[1] == 0) && con == LOCK && !(mQBUSY[a] & CON) -> mQBUSY[a] = mQBUSY[a] | CON } \
 :: atomic { (mQP[a] & CON) && qc[a] == 0 && ((a) == 1 || qc[1] == 0) && filled && con == NOTHING -> \
      if :: (a) == 1 && qc[0] < VOID -> qc[0] = VOID :: else fi; \
      qfound[a] = ref; qc[a] = (ref == NOBODY -> FILLI : ATTI); mQPD[a] = mQPD[a] | CON } \
 :: atomic { (((mQREL[a] & CON) && qc[a] < VOID) || ((qc[a] == FILLI || qc[a] == ATTI) && QNO(a))) -> \
      qc[a] = VOID; if :: (a) == 1 && qc[0] < VOID -> qc[0] = VOID :: else fi } \
 :: atomic { (qc[a] == FILLI || qc[a] == ATTI) && QYES(a) -> \
      if :: qc[a] == FILLI -> ref = qname[a] :: else fi; qc[a] = qc[a]+3 }
active proctype Contact() {
end: do
  :: atomic { !filled -> filled = 1; ref = NAMEA }
  R_CON(0) R_CON(1)
  :: atomic { con == LOCK && RYES(cona) -> ref = NOBODY; con = NOTHING; cona = 0 }
  :: atomic { con == LOCK && RNO(cona) -> con = NOTHING; condead = cona+1; cona = 0 }
#ifdef F_REFNOINTENT
  :: atomic { rr == COMMITTED && ref == NAMEA -> ref = NOBODY }
#endif
  Q_CON(0) Q_CON(1)
  /* the user: not while an intent is there, which is decided first; an attach forbids it too, for it would no longer fit */
  :: atomic { !moved && filled && con == NOTHING && !QC_HELD -> moved = 1; ref = NAMEB; choice = NAMEB }
  :: atomic { !moved && filled && con == NOTHING && !QC_HELD -> moved = 1; ref = NOBODY; choice = NOBODY }
  od
}

active proctype Wipe() {
end: do
  :: atomic { wipes < W -> wipes++;
       mRP[0] = 0; mRP[1] = 0; mRPD[0] = 0; mRPD[1] = 0; mRBUSY[0] = 0; mRBUSY[1] = 0; mRREF[0] = 0; mRREF[1] = 0; mRREL[0] = 0; mRREL[1] = 0;
       mQP[0] = 0; mQP[1] = 0; mQPD[0] = 0; mQPD[1] = 0; mQBUSY[0] = 0; mQBUSY[1] = 0; mQREL[0] = 0; mQREL[1] = 0 }
  od
}

/* ================= what must hold, for a reader at any moment ================= */
#define SEES_A (acc < 3 || (acc == 3 && !RYES(acca)))
#define SEES_A1(a) (qa[a] == FOPEN || (qa[a] == OPENI && QYES(a)))
#define FILLS(a) (qc[a] == FILLI && QYES(a))
#define REF (!filled -> NAMEA : (con == LOCK && RYES(cona) -> NOBODY : (FILLS(0) -> qname[0] : (FILLS(1) -> qname[1] : ref))))
#define SEES(n) ((n) == NOBODY || (n) == NAMEB || ((n) == NAMEA && SEES_A) || ((n) == NAMEA1(0) && SEES_A1(0)) || ((n) == NAMEA1(1) && SEES_A1(1)))
active proctype Monitor() {
end: do
  /* the contact names no account that is gone, nor one that is not there yet */
#ifndef ONLYAGAIN
  :: atomic { !SEES(REF) -> assert(SEES(REF)) }
#endif
  :: atomic { SEES_A == (rr == COMMITTED) -> assert(SEES_A != (rr == COMMITTED)) }
  /* what a user chose is kept; an empty reference may be filled */
  :: atomic { moved && choice == NAMEB && REF != NAMEB -> assert(false) }
  /* nothing is taken back for a revert that does not come about */
  :: atomic { rr != COMMITTED && !moved && REF != NAMEA -> assert(false) }
  /* a conversion gives its contact the account that it names */
  :: atomic { qq == COMMITTED && !SEES(qname[qatt]) -> assert(false) }
  :: atomic { qq == COMMITTED && !moved && REF != qname[qatt] -> assert(false) }
  :: atomic { SEES_A + (qa[0] == OPENI || SEES_A1(0)) + (qa[1] == OPENI || SEES_A1(1)) > 1 -> assert(false) }
  /* both come to an end: r unless q1 has come before, q1 unless the user has given the contact another account */
  :: atomic { timeout -> assert(RDEC && QDEC && acc % 2 == 0 && filled && con == NOTHING && !QA_HELD && !QC_HELD);
       assert(rr == COMMITTED || (qq == COMMITTED && qname[qatt] == NAMEA));
       assert(qq == COMMITTED || (moved && choice == NAMEB)); break }
  od
}
