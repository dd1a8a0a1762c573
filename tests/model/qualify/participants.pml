/* The participants 0 to 2 of qualify.pml: account, contact, opportunity. */
#ifdef SHARED   /* variant: attach intents that fill nothing do not exclude each other (they still exclude open, update, delete, revert) */
#define OTHERI(k,q)  ((k)<2 && ANYC(k,1-(q),OPENI,OPENI))
#else
#define OTHERI(k,q)  ((k)<2 && ANYC(k,1-(q),OPENI,ATTI))                     /* an intent of the other one is in the way */
#endif
#define OTHERATT(k,q) ((k)<2 && ANYC(k,1-(q),ATTI,ATTI))
#define LIVEREC(k)   (ex[k]==1 || ANYC(k,0,FOPEN,FOPEN) || ANYC(k,1,FOPEN,FOPEN))
#ifdef F_ATTACHUNDEC
#define BLOCK(k,q) OTHERATT(k,q)
#else
#define BLOCK(k,q) OTHERI(k,q)
#endif
#define MAYREFUSE(k,q) (((k)==REFUSE && (q)==0) || ((k)==REFUSE1 && (q)==1))
#define HOLDS(k,q,a) (C(k,q,a)==OPENI || C(k,q,a)==ATTI || C(k,q,a)>=FOPEN)

inline killlower(k,q,a) {           /* attempt a makes every lower one void */
  if :: (a)>0 && C(k,q,0)<DEAD -> C(k,q,0)=DEAD :: else fi;
#if A == 3
  if :: (a)>1 && C(k,q,1)<DEAD -> C(k,q,1)=DEAD :: else fi;
#endif
  skip
}
inline attach(k,q,a) {
  C(k,q,a)=ATTI;
  if :: ex[k]==1 -> pn[IX(k,q,a)]=EXN
     :: else ->
       if :: C(k,0,0)==FOPEN -> pn[IX(k,q,a)]=NAME(0,0) :: C(k,0,1)==FOPEN -> pn[IX(k,q,a)]=NAME(0,1)
          :: C(k,1,0)==FOPEN -> pn[IX(k,q,a)]=NAME(1,0) :: C(k,1,1)==FOPEN -> pn[IX(k,q,a)]=NAME(1,1)
#if A == 3
          :: C(k,0,2)==FOPEN -> pn[IX(k,q,a)]=NAME(0,2) :: C(k,1,2)==FOPEN -> pn[IX(k,q,a)]=NAME(1,2)
#endif
#ifdef F_ATTACHUNDEC
          :: else -> if :: C(k,1-q,0)==OPENI -> pn[IX(k,q,a)]=NAME(1-q,0) :: C(k,1-q,1)==OPENI -> pn[IX(k,q,a)]=NAME(1-q,1) fi
#endif
       fi
  fi
}
inline prepare(k,q,a) {
  if
  :: HOLDS(k,q,a) -> PUT(mPRPD,q,a,k)                                /* done already: the same answer */
  :: C(k,q,a)==0 ->
     killlower(k,q,a);
     if
     :: MAYREFUSE(k,q) && !HAS(mREFD,q,a,k) -> PUT(mREFD,q,a,k)
     :: BLOCK(k,q) && !HAS(mBUSY,q,a,k) -> PUT(mBUSY,q,a,k); memob[IX(k,q,a)]=1
#ifdef F_BUSYMEMO
     :: memob[IX(k,q,a)] && !HAS(mBUSY,q,a,k) -> PUT(mBUSY,q,a,k)
     :: !BLOCK(k,q) && !memob[IX(k,q,a)] ->
#else
     :: !BLOCK(k,q) ->
#endif
        if
#ifdef F_ATTACHUNDEC
        :: (k)<2 && (LIVEREC(k) || OTHERI(k,q)) -> attach(k,q,a)
        :: !((k)<2 && (LIVEREC(k) || OTHERI(k,q))) -> C(k,q,a)=OPENI; pn[IX(k,q,a)]=NAME(q,a)
#else
        :: (k)<2 && LIVEREC(k) -> attach(k,q,a)
        :: !((k)<2 && LIVEREC(k)) -> C(k,q,a)=OPENI; pn[IX(k,q,a)]=NAME(q,a)
#endif
        fi; PUT(mPRPD,q,a,k)
     fi
  fi
}
#ifdef F_BUSYMEMO
#define CANOPEN(k,q,a) (!BLOCK(k,q) && !memob[IX(k,q,a)])
#else
#define CANOPEN(k,q,a) (!BLOCK(k,q))
#endif
#define PREP_ON(k,q,a) (HAS(mPREP,q,a,k) && !HIGHER(k,q,a) && ((HOLDS(k,q,a) && !HAS(mPRPD,q,a,k)) || \
   (C(k,q,a)==0 && (CANOPEN(k,q,a) || !HAS(mBUSY,q,a,k) && BLOCK(k,q) || (MAYREFUSE(k,q) && !HAS(mREFD,q,a,k))))))

inline drop(k,q,a)  { C(k,q,a)=DEAD }
inline final(k,q,a) { C(k,q,a)=C(k,q,a)+3 }                          /* OPENI->FOPEN, ATTI->FATT */
inline release(k,q,a) {                                              /* Release(q,a): everything up to attempt a, and nothing newer */
#define RELX(k,q,x) (C(k,q,x)<DEAD)
#ifdef F_RELALL
#define UPTO(x,a) true
#else
#define UPTO(x,a) ((x)<=(a))
#endif
  if :: UPTO(0,a) && RELX(k,q,0) -> drop(k,q,0) :: else fi;
  if :: UPTO(1,a) && C(k,q,1)!=0 && RELX(k,q,1) -> drop(k,q,1) :: UPTO(1,a) && (1<=(a)) && RELX(k,q,1) -> drop(k,q,1) :: else fi;
#if A == 3
  if :: UPTO(2,a) && C(k,q,2)!=0 && RELX(k,q,2) -> drop(k,q,2) :: UPTO(2,a) && (2<=(a)) && RELX(k,q,2) -> drop(k,q,2) :: else fi;
#endif
  skip
}
#ifdef F_RELALL
#define REL_ON(k,q,a) ((mREL[q] & (1<<(a))) && (LOWLIVE(k,q,a) || ANYC(k,q,OPENI,ATTI)))
#else
#define REL_ON(k,q,a) ((mREL[q] & (1<<(a))) && LOWLIVE(k,q,a))
#endif
#ifdef F_NORESOLVER
#define ASKS(q) mCMT[q]             /* the decision comes by message only */
#define ASKSNO(q) false
#else
#define ASKS(q) true                /* by message, by a reader's roll-forward, by the old-intent resolver: the same transaction */
#define ASKSNO(q) true
#endif
#define INTENT(k,q,a) (C(k,q,a)==OPENI || C(k,q,a)==ATTI)

#define PART(k,q,a) \
 :: atomic { PREP_ON(k,q,a) -> prepare(k,q,a) } \
 :: atomic { REL_ON(k,q,a) -> release(k,q,a) } \
 :: atomic { INTENT(k,q,a) && YES(q,a) && ASKS(q) -> final(k,q,a) } \
 :: atomic { INTENT(k,q,a) && NOR(q,a) && ASKSNO(q) -> drop(k,q,a) }
#if A == 3
#define PARTQ(k,q) PART(k,q,0) PART(k,q,1) PART(k,q,2)
#else
#define PARTQ(k,q) PART(k,q,0) PART(k,q,1)
#endif
active proctype Account() { end: do PARTQ(0,0) PARTQ(0,1) od }
active proctype Contact() { end: do PARTQ(1,0) PARTQ(1,1) od }
#if NK == 3
active proctype Opportunity() { end: do PARTQ(2,0) PARTQ(2,1) od }
#endif
