namespace Lakala.Grains.Notices;

/// <summary>
/// Wakes this silo's dispatcher when a commit has made a notice. Only a hint: the next read of the database finds every
/// notice.
/// </summary>
public sealed class NoticeSignal(TimeProvider time) : Signal(time);
