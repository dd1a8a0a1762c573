/* What the rows, the messages and the participants of qualify.pml keep. */
#ifndef A
#define A 2
#endif
#ifndef NK
#define NK 3
#endif
#ifndef W
#define W 1
#endif
#ifndef REFUSE
#define REFUSE 9
#endif
#ifndef REFUSE1
#define REFUSE1 9
#endif
#define NQ   2
#define LEAD 3
#define FULL ((1<<NK)-1)
#ifdef SAMELEAD
#define L(q) 0
#else
#define L(q) (q)
#endif

/* ---- orchestrator rows: the commit record (durable) ---- */
byte rst[NQ], ratt[NQ], rgot[NQ];
byte rname[NQ*3];         /* names from Prepared, kept for the decision */
bit  rsnap[NQ];           /* the lead's content version that the plan was made from */
#define DECIDED(q) (rst[q] >= COMMITTED)

/* ---- messages: sets of (attempt, kind) per qualification ---- */
short mPREP[NQ], mPRPD[NQ], mBUSY[NQ], mREFD[NQ];     /* kind LEAD: LockLead, LeadLocked, -, LeadRefused */
byte  mREL[NQ];                                       /* Release(q, attempt): wait-die, and abort */
bit   mABT[NQ], mCMT[NQ];                             /* to the lead: abort;  to all: QualificationCommitted */
#define BIT(a,k) (1 << ((a)*4+(k)))
#define HAS(m,q,a,k) (m[q] & BIT(a,k))
#define PUT(m,q,a,k) m[q] = m[q] | BIT(a,k)

/* ---- participants: one cell per (kind, qualification, attempt) (durable) ---- */
#define OPENI 1           /* an intent that opens a record (for the lead: locked) */
#define ATTI  2           /* an intent that attaches to a live record */
#define DEAD  3           /* released / aborted / superseded: the tombstone */
#define FOPEN 4           /* final, record live (lead: QUALIFIED) */
#define FATT  5           /* final, attached */
#define GONE  6           /* final, and a user deleted the record since */
byte cell[4*NQ*A];
byte pn[3*NQ*A];          /* effective name answered: 1+q*A+a = opened by (q,a); 15 = existed before; 0 none */
#define IX(k,q,a) (((k)*NQ+(q))*A+(a))
#define C(k,q,a)  cell[IX(k,q,a)]
#define NAME(q,a) (1+(q)*A+(a))
#define EXN 15
#ifdef EX
byte ex[2]=1;             /* a record with the identity exists from before: 0 no 1 live 2 deleted */
#else
byte ex[2];
#endif
bit  lv[2], ldisq[2], lsnap[NQ*A], memob[3*NQ*A];
byte wipes;
bit  cu[NQ];              /* F_CACHE: some service remembers "q is undecided" */
bit  ans[NQ];             /* the caller was answered "qualified" */
bit  told[NQ];           /* PRESUME: somebody was told "aborted" of an id that had no row */
bit  pruned[NQ];          /* PRUNE: the row was deleted */

#if A == 2
#define HIGHER(k,q,a) ((a)<1 && C(k,q,1)!=0)
#define ANYC(k,q,x,y) (C(k,q,0)==x || C(k,q,0)==y || C(k,q,1)==x || C(k,q,1)==y)
#define CNT(k,q,x,y)  ((C(k,q,0)==x || C(k,q,0)==y) + (C(k,q,1)==x || C(k,q,1)==y))
#define LOWLIVE(k,q,a) (C(k,q,0)<DEAD || ((a)>=1 && C(k,q,1)<DEAD))
#else
#define HIGHER(k,q,a) (((a)<1 && C(k,q,1)!=0) || ((a)<2 && C(k,q,2)!=0))
#define ANYC(k,q,x,y) (C(k,q,0)==x || C(k,q,0)==y || C(k,q,1)==x || C(k,q,1)==y || C(k,q,2)==x || C(k,q,2)==y)
#define CNT(k,q,x,y)  ((C(k,q,0)==x||C(k,q,0)==y) + (C(k,q,1)==x||C(k,q,1)==y) + (C(k,q,2)==x||C(k,q,2)==y))
#define LOWLIVE(k,q,a) (C(k,q,0)<DEAD || ((a)>=1 && C(k,q,1)<DEAD) || ((a)>=2 && C(k,q,2)<DEAD))
#endif

#ifdef RELLEAD
#define LA(q) ratt[q]
#else
#define LA(q) 0           /* amended: the lead's lock belongs to q, not to an attempt */
#endif

/* what a decision says about the intent (q,a): amended = by attempt; F_DECQ = by qualification only */
#ifdef F_DECQ
#define YES(q,a) (rst[q]==COMMITTED && !pruned[q])
#define NO(q,a)  (rst[q]==ABORTED || pruned[q])
#else
#define YES(q,a) (rst[q]==COMMITTED && !pruned[q] && ratt[q]==(a))
#define NO(q,a)  (rst[q]==ABORTED || pruned[q] || ratt[q]>(a))
#endif
#ifdef F_LAG
#define NOR(q,a) (NO(q,a) || !DECIDED(q))   /* a lagging read: "never heard of it" taken as aborted */
#else
#define NOR(q,a) NO(q,a)
#endif
#ifdef RELLEAD
#define LYES(q,a) YES(q,a)
#define LNO(q,a)  NOR(q,a)
#else
#define LYES(q,a) (rst[q]==COMMITTED && !pruned[q])
#define LNO(q,a)  (rst[q]==ABORTED || pruned[q])
#endif
