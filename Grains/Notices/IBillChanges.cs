namespace Lakala.Grains.Notices;

/// <summary>Wakes the callers that wait, at any silo, for the change of a bill.</summary>
/// <remarks>Only a hint: it may be lost, and then they find the change when they next read the row.</remarks>
public interface IBillChanges
{
    /// <summary>A change of the bill's row is committed. Returns at once, and never throws.</summary>
    void Report(long bill);
}
