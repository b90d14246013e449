namespace Lakala.Silo.Tests.Ops;

/// <summary>Every page and form of the operators, with the least role that may see it or use it.</summary>
internal static class OpsPageTable
{
    // Method, path as it is mapped, and the least role.
    public static readonly (string Method, string Path, string Least)[] Pages =
    [
        ("GET", "", "watch"), ("GET", "/terminals", "watch"), ("GET", "/terminals/{id}", "watch"), ("GET", "/stores", "administer"), ("GET", "/stores/{id}", "watch"), ("POST", "/stores", "administer"),
        ("GET", "/swipes", "watch"), ("GET", "/open", "watch"), ("GET", "/network", "watch"), ("GET", "/alarms", "watch"),
        ("GET", "/actions", "watch"), ("GET", "/actions/{id:guid}", "watch"), ("GET", "/settings", "watch"), ("GET", "/books", "watch"),
        ("GET", "/audit", "watch"), ("GET", "/runbook", "watch"), ("GET", "/runbook/{section}", "watch"),
        ("POST", "/alarms/{id:long}/acknowledge", "act"), ("POST", "/alarms/{id:long}/silence", "act"), ("POST", "/alarms/{id:long}/end_silence", "act"), ("GET", "/import", "administer"), ("GET", "/operators", "administer"),
        ("POST", "/sign-out", "watch"), ("POST", "/actions", "act"), ("POST", "/actions/{id:guid}/cancel", "act"), ("POST", "/resend", "act"),
        ("POST", "/stores/{id}/block", "act"), ("POST", "/stores/{id}/unblock", "act"), ("POST", "/stores/{id}/retire", "administer"),
        ("POST", "/terminals", "administer"), ("POST", "/terminals/{id}/master_key", "administer"), ("POST", "/settings", "administer"),
        ("POST", "/import", "administer"), ("POST", "/operators", "administer"), ("POST", "/operators/{name}/block", "administer"),
        ("POST", "/keys", "administer"), ("POST", "/keys/{name}/revoke", "administer"),
        ("GET", "/merchants", "administer"), ("GET", "/merchants/{id}", "administer"), ("POST", "/merchants/{id}/revoke_keys", "administer"),
        ("POST", "/merchants/{id}/invite", "administer"), ("POST", "/merchants/{id}/people/{name}/block", "administer"),
        ("GET", "/disputes", "watch"), ("GET", "/disputes/{id}", "watch"), ("GET", "/disputes/{id}/evidence/{side}/{place:int}", "watch"),
        ("POST", "/disputes/{id}/rulings", "act"), ("POST", "/disputes/{id}/rulings/{place:int}/approve", "act"), ("POST", "/disputes/{id}/rulings/{place:int}/drop", "act"),
        ("GET", "/refunds/{id}", "watch"), ("POST", "/refunds/{id}/rulings", "act"), ("POST", "/refunds/{id}/rulings/{place:int}/approve", "act"), ("POST", "/refunds/{id}/rulings/{place:int}/drop", "act"),
        ("GET", "/trades", "watch"), ("GET", "/trades/{number}", "watch"), ("POST", "/trades/{number}/freeze", "act"), ("POST", "/trades/{number}/unfreeze", "act"),
        ("GET", "/guarantee", "watch"), ("POST", "/guarantee", "administer"), ("POST", "/guarantee/{id}/approve", "administer"),
    ];
}
