/* revert.pml - RevertQualification of q0 (committed; perhaps not yet final everywhere), at the same time as
 *   q1, a qualification of another lead that wants the account identity that q0's account A has (attach to A, or open A1),
 *   u, an update of q0's contact, and late duplicates of everything q0 ever sent.
 * The revert r is a qualification-like row of its own: PrepareRevert to lead, account, contact, opportunity; each resolves q0 first,
 * refuses when the record was touched, writes an intent(r, attempt); r COMMITTED = lead OPEN and the opened records gone, at one instant.
 * Same message model as qualify.pml.   -DROLD: r is the older (waits); else q1 is.   F_ flags = naive readings.
 */
#ifndef W
#define W 1
#endif
#include "states.pml"
byte rr, ratt, rgot;  byte qq, qatt; bit qgot, qother; byte qname;      /* rows of r and q1; qname 1 = A, 2 = A1 (0), 3 = A1 (1) */
byte mRP[2], mRPD[2], mRBUSY[2], mRREF[2]; bit mRREL[2], mRCMT;         /* per attempt: a mask of kinds */
bit mQP[2], mQPD[2], mQBUSY[2], mQREL[2]; byte qpn[2];
/* q0's records, k: 0 account 1 contact 2 opportunity 3 lead.  1 intent of q0, 2 final, 3 final + intent of r, 4 gone / lead OPEN again */
byte c[4]=1, ca[4]; byte rdead[4];                                      /* rdead: attempts of r below this are void here */
bit touched[4];
byte qc[2];           /* q1 at the account service, per attempt: 0 none 1 opens A1 2 attaches to A 3 void 4 final open 5 final attach */
bit deadname;         /* q1 took the name of a deleted record */
byte wipes; bit upd;
#define ACC 0
#ifdef NOUPD
#define UPDATE false
#else
#define UPDATE true
#endif
#define RDEC (rr>=COMMITTED)
#define QDEC (qq>=COMMITTED)
#define RYES(k) (rr==COMMITTED && ca[k]==ratt)
#define RNO(k)  (rr==ABORTED || ratt>ca[k])
#define QYES(a) (qq==COMMITTED && (a)==qatt)
#define QNO(a)  (qq==ABORTED || qatt>(a))
#ifdef ROLD
#define RDIES false
#define QDIES true
#else
#define RDIES true
#define QDIES false
#endif
#define QINT ((qc[0]==1||qc[0]==2)||(qc[1]==1||qc[1]==2))
#define QATT (qc[0]==2||qc[1]==2)
active proctype Orchestrators() {
end: do
  :: atomic { rr==NONE -> rr=PREPARING; mRP[0]=15 }
  :: atomic { rr==PREPARING && mRP[ratt]!=15 -> mRP[ratt]=15 }
  :: atomic { rr==PREPARING && (mRPD[ratt] & ~rgot)!=0 -> rgot = rgot | mRPD[ratt];
       if :: rgot==15 -> rr=COMMITTED; mRCMT=1 :: else fi }
  :: atomic { rr==PREPARING && (mRREF[ratt] & ~rgot)!=0 -> rr=ABORTED; mRREL[ratt]=1 }
  :: atomic { rr==PREPARING && (mRBUSY[ratt] & ~rgot)!=0 && RDIES && !QDEC -> assert(ratt==0); mRREL[ratt]=1; ratt++; rgot=0; rr=PARKED }
  :: atomic { rr==PARKED && QDEC -> rr=PREPARING; mRP[ratt]=15 }
  :: atomic { qq==NONE -> qq=PREPARING; mQP[0]=1 }
  :: atomic { qq==PREPARING && !mQP[qatt] -> mQP[qatt]=1 }
  :: atomic { qq==PREPARING && !qother -> qother=1 }                    /* lead, contact and opportunity of q1 are prepared .. */
#ifdef QREF
  :: atomic { qq==PREPARING && !qother -> qq=ABORTED; mQREL[qatt]=1 }   /* .. or one of them refuses */
#endif
  :: atomic { qq==PREPARING && mQPD[qatt] && !qgot -> qgot=1; qname=qpn[qatt] }
  :: atomic { qq==PREPARING && qgot && qother -> qq=COMMITTED }
  :: atomic { qq==PREPARING && mQBUSY[qatt] && !qgot && QDIES && !RDEC -> assert(qatt==0); mQREL[qatt]=1; qatt++; qgot=0; qq=PARKED }
  :: atomic { qq==PARKED && RDEC -> qq=PREPARING; mQP[qatt]=1 }
  od
}
/* --- r at each participant --- */
#ifdef F_NOINTENTCHECK
#define BUSY(k) false
#else
#define BUSY(k) (k==ACC && QATT)
#endif
#ifdef F_CHECKONLY
#define LOCKS(k) (k!=1)              /* the contact is checked and not locked */
#else
#define LOCKS(k) true
#endif
#define RP_ON(k,a) ((mRP[a]&(1<<k)) && rdead[k]<=a && ( \
   (c[k]==3 && ca[k]==a && !(mRPD[a]&(1<<k))) || (c[k]==3 && ca[k]<a) || (c[k]==2 && BUSY(k) && !(mRBUSY[a]&(1<<k))) || \
   (c[k]==2 && !BUSY(k) && touched[k] && !(mRREF[a]&(1<<k))) || (c[k]==2 && !BUSY(k) && !touched[k] && (LOCKS(k) || !(mRPD[a]&(1<<k)))) ))
#define R(k,a) \
 :: atomic { RP_ON(k,a) -> rdead[k]=a; \
     if :: c[k]==3 -> ca[k]=a; mRPD[a]=mRPD[a]|(1<<k) \
        :: c[k]==2 && BUSY(k) -> mRBUSY[a]=mRBUSY[a]|(1<<k) \
        :: c[k]==2 && !BUSY(k) && touched[k] -> mRREF[a]=mRREF[a]|(1<<k) \
        :: c[k]==2 && !BUSY(k) && !touched[k] -> mRPD[a]=mRPD[a]|(1<<k); if :: LOCKS(k) -> c[k]=3; ca[k]=a :: else fi \
     fi } \
 :: atomic { mRREL[a] && rdead[k]<=a -> rdead[k]=a+1; if :: c[k]==3 && ca[k]<=a -> c[k]=2; ca[k]=0 :: else fi }
#define ALL(k) R(k,0) R(k,1) \
 /* q0 rolls forward: message, reader or resolver */ \
 :: atomic { c[k]==1 -> c[k]=2 } \
 /* r's intent resolved */ \
 :: atomic { c[k]==3 && RYES(k) -> c[k]=4; ca[k]=0 } \
 :: atomic { c[k]==3 && RNO(k)  -> c[k]=2; rdead[k]=ca[k]+1; ca[k]=0 } \
 UNLOCKED(k) LATE(k)
#ifdef F_CHECKONLY
#define UNLOCKED(k) :: atomic { c[k]==2 && !LOCKS(k) && rr==COMMITTED -> c[k]=4 }
#else
#define UNLOCKED(k)
#endif
/* late duplicates of q0's messages, for ever.  Amended: the participant's row for q0 outlives the record, so they do nothing */
#ifdef F_NOMARK
#define LATE(k) :: atomic { c[k]==4 -> c[k]=1 }       /* "done already" judged by the record: it is prepared again, and q0 is COMMITTED */
#else
#ifdef F_CMTBLIND
#define LATE(k) :: atomic { c[k]==4 -> c[k]=2 }       /* QualificationCommitted(q0) applied without looking for the intent */
#else
#define LATE(k)
#endif
#endif
/* --- q1 at the account service --- */
#define ALIVE (c[ACC]==1 || c[ACC]==2 || c[ACC]==3)
#ifdef F_IDHELD
#define HASID true                    /* a deleted record keeps its identity row */
#else
#define HASID ALIVE
#endif
/* an intent is in the way: r's (undecided or not yet resolved here), or q0's not yet resolved */
#ifdef F_NOINTENTCHECK
#define QBLOCK (c[ACC]==1)
#else
#define QBLOCK (c[ACC]==3 || c[ACC]==1)
#endif
#define QP_ON(a) (mQP[a] && (a==1 || qc[1]==0) && ((qc[a]!=0 && qc[a]!=3 && !mQPD[a]) || (qc[a]==0 && (!QBLOCK || (!mQBUSY[a] && c[ACC]==3)))))
#define Q(a) \
 :: atomic { QP_ON(a) -> if :: a==1 && qc[0]<3 -> qc[0]=3 :: else fi; \
     if :: qc[a]!=0 -> mQPD[a]=1 \
        :: qc[a]==0 && QBLOCK -> mQBUSY[a]=1 \
        :: qc[a]==0 && !QBLOCK && HASID -> qc[a]=2; qpn[a]=1; mQPD[a]=1; deadname=(c[ACC]==4) \
        :: qc[a]==0 && !QBLOCK && !HASID -> qc[a]=1; qpn[a]=2+a; mQPD[a]=1 fi } \
 :: atomic { mQREL[a] && qc[a]<3 -> qc[a]=3; if :: a==1 && qc[0]<3 -> qc[0]=3 :: else fi } \
 :: atomic { (qc[a]==1||qc[a]==2) && QYES(a) -> if :: qc[a]==2 -> BUMP :: else fi; qc[a]=qc[a]+3 } \
 :: atomic { (qc[a]==1||qc[a]==2) && QNO(a) -> qc[a]=3 }
#ifdef F_NOBUMP
#define BUMP skip
#else
#define BUMP touched[ACC]=1
#endif
active proctype Account()     { end: do ALL(0) Q(0) Q(1) od }
active proctype Contact()     { end: do ALL(1)
  :: atomic { UPDATE && !upd && c[1]==2 -> upd=1; touched[1]=1 }                  /* the update, acknowledged */
  od }
active proctype Opportunity() { end: do ALL(2) od }
active proctype Lead()        { end: do ALL(3) od }
active proctype Wipe() { end: do
  :: atomic { wipes<W -> wipes++; mRP[0]=0; mRP[1]=0; mRPD[0]=0; mRPD[1]=0; mRBUSY[0]=0; mRBUSY[1]=0; mRREF[0]=0; mRREF[1]=0; mRREL[0]=0; mRREL[1]=0; mRCMT=0;
     mQP[0]=0; mQP[1]=0; mQPD[0]=0; mQPD[1]=0; mQBUSY[0]=0; mQBUSY[1]=0; mQREL[0]=0; mQREL[1]=0 } od }
#define SEE(k) (c[k]==1 || (c[k]==2 && (LOCKS(k) || rr!=COMMITTED)) || (c[k]==3 && !RYES(k)))
#define V1 ((SEE(0)==SEE(3)) && (SEE(1)==SEE(3)) && (SEE(2)==SEE(3)) && (SEE(3)==(rr!=COMMITTED)))
#define V2 (qq!=COMMITTED || (qname==1 && SEE(0) && !deadname) || (qname>1 && (qc[qname-2]==1 || qc[qname-2]==4)))
#define V3 (rr!=COMMITTED || !upd)
#define V5 ((SEE(0)) + (qc[0]==1||qc[0]==4) + (qc[1]==1||qc[1]==4) <= 1)
active proctype Monitor() {
end: do
  :: atomic { !V1 -> assert(V1) } :: atomic { !V2 -> assert(V2) } :: atomic { !V3 -> assert(V3) } :: atomic { !V5 -> assert(V5) }
  :: atomic { timeout -> assert(RDEC && QDEC && c[0]%2==0 && c[1]%2==0 && c[2]%2==0 && c[3]%2==0 && !QINT);
       assert(rr==COMMITTED || upd || (qq==COMMITTED && qname==1)); break }
  od
}
