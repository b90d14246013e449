namespace Lakala.Terminal.Client.Words;

/// <summary>The keys that the clerk's screen uses and shows by name.</summary>
internal enum DeskKey
{
    Sign,
    Enter,
    Back,
    Escape,
    Up,
    Down,
    PageUp,
    PageDown,
    Receipts,
    CloseBatch,
    Refund,
    SignOff,
    Language,
    Leave,
    Tab,

    /// <summary>Any other key. It has no meaning when typed; some readers send such keys around their data.</summary>
    Other,
}
