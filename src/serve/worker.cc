#include "serve/worker.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <utility>

#include "base/check.h"

namespace limpet::serve {

Worker::Worker(Content* content) : content_(content), ready_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  LIMPET_CHECK(ready_.valid(), "no eventfd");
  // Signals are for the thread that listens.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Worker::Ask(uint64_t ticket, Request request) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({ticket, std::move(request)});
  }
  wake_.notify_one();
}

void Worker::Forget(uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  std::erase_if(jobs_, [&](const Job& job) { return job.ticket == ticket; });
}

std::vector<Worker::Done> Worker::TakeDone() {
  uint64_t count = 0;
  // Nothing to read only means that another call took them already.
  [[maybe_unused]] const ssize_t got = read(ready_.get(), &count, sizeof(count));
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

void Worker::Run() {
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stop_ || !jobs_.empty(); });
      if (stop_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    const auto begin = std::chrono::steady_clock::now();
    Done done = {job.ticket, {}, {}};
    try {
      done.answer = content_->Get(job.request);
    } catch (const std::exception& error) {  // libraries throw when memory is short; limpet itself does not
      done.answer = {503, "text/plain; charset=utf-8", std::string("gave up: ") + error.what() + "\n"};
    }
    done.took = std::chrono::steady_clock::now() - begin;
    const std::lock_guard lock(mutex_);
    done_.push_back(std::move(done));
    const uint64_t one = 1;
    // The counter cannot be full: each read empties it.
    [[maybe_unused]] const ssize_t put = write(ready_.get(), &one, sizeof(one));
  }
}

}  // namespace limpet::serve
