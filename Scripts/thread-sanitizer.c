// Tells the thread sanitizer what Swift's `Mutex` orders. A lock that is free is taken by code which is compiled into the
// caller, and seen; one that has to be waited for is taken and given on in the library of Swift, which is not compiled with
// the sanitizer. Preloaded, these two functions take the place of that library's, and call them.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define METHOD __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

METHOD void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK);
METHOD void unlock_slow(SELF void *mutex) __asm__(UNLOCK);

METHOD void lock_slow(uint32_t thread, SELF void *mutex)
{
    METHOD void (*lock)(uint32_t, SELF void *) = dlsym(RTLD_NEXT, LOCK);
    lock(thread, mutex);
    __tsan_acquire(mutex);
}

METHOD void unlock_slow(SELF void *mutex)
{
    METHOD void (*unlock)(SELF void *) = dlsym(RTLD_NEXT, UNLOCK);
    __tsan_release(mutex);
    unlock(mutex);
}
