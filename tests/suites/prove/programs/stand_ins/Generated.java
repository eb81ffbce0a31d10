package javax.annotation;

/** Marks generated code; it was part of Java until version 8. */
@java.lang.annotation.Retention(java.lang.annotation.RetentionPolicy.SOURCE)
public @interface Generated {
  String[] value();

  String date() default "";

  String comments() default "";
}
